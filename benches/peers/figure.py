"""How many times as long as dabnet other engines take."""

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, NullLocator

from tables import OURS, described

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["system-ui", "Segoe UI", "Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 10,
    "svg.fonttype": "none",
    # The same figures give the same file.
    "svg.hashsalt": "dabnet",
    "text.color": "#3c3f44",
    "axes.labelcolor": "#3c3f44",
    "axes.edgecolor": "#8b8f96",
    "xtick.color": "#55575c",
    "ytick.labelcolor": "#1f2328",
    "ytick.color": "#8b8f96",
}
MARKS = {
    (1, 1): {"marker": "o", "color": "#0067a8", "s": 64},
    (1, 32): {"marker": "o", "facecolors": "white", "edgecolors": "#0067a8", "s": 40},
    (2, 1): {"marker": "D", "color": "#c04a00", "s": 34},
    (2, 32): {"marker": "D", "facecolors": "white", "edgecolors": "#c04a00", "s": 28},
}
# Between the marks of an engine, so that none hides another.
OFFSET = 0.13
TICKS = [0.5, 1, 2, 5, 10, 20, 50, 100]


def draw(found, path):
    with pyplot.rc_context(STYLE):
        networks = found["networks"]
        size = {"figsize": (9.8, 4.8), "layout": "constrained"}
        figure, (panels,) = pyplot.subplots(1, len(networks), sharey=True, squeeze=False, **size)
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
        for panel, (name, network) in zip(panels, networks.items()):
            panel_of(panel, name, network)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
        figure.supxlabel("times as long as dabnet fbin takes for a sketch", fontsize=10)
        # A white card, so that dark pages show it as light ones do.
        figure.patch.set(facecolor="white", edgecolor="#d7dade", linewidth=1)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def panel_of(panel, name, network):
    times = {(time["engine"], time["cores"], time["batch"]): time["ms"] for time in network["times"]}
    engines = [
        engine for engine in dict.fromkeys(time["engine"] for time in network["times"]) if engine != OURS
    ]
    for place, (setting, mark) in enumerate(MARKS.items()):
        ours, offset = times[OURS, *setting], OFFSET * (place - 1.5)
        known = [
            (y + offset, times[engine, *setting])
            for y, engine in enumerate(engines)
            if (engine, *setting) in times
        ]
        ratios = [time / ours for _, time in known]
        panel.scatter(
            ratios, [y for y, _ in known], label=described(*setting), linewidths=1.4, zorder=3, **mark
        )
    panel.axvline(1, color="#0067a8", linewidth=1.2)
    panel.set_title(name, loc="left", fontsize=11, fontweight="bold", color="#1f2328")
    panel.set_xscale("log")
    panel.xaxis.set_major_locator(matplotlib.ticker.FixedLocator(TICKS))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    panel.grid(axis="x", color="#e3e5e8")
    panel.grid(axis="y", color="#f0f1f3")
    panel.set_axisbelow(True)
    panel.set_yticks(range(len(engines)), engines)
    panel.set_ylim(len(engines) - 0.5, -0.5)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)
