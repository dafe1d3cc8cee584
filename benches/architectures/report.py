"""Collects what the runs of run.sh ended with, times their models side by side, and writes a table and a figure.

usage: report.py DABNET RUNS RESULTS PAGE FIGURE

Accuracy is that of the validation part; the test part is left alone.
"""

import json
import pathlib
import statistics
import subprocess
import sys

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot

BEGIN, END = "<!-- architectures -->", "<!-- /architectures -->"
SEEDS = (0, 1, 2)
TURNS = 5


def main(dabnet, runs, results, page, picture):
    runs = pathlib.Path(runs)
    rows = [row(runs, name, options) for name, options in listed()]
    rows = [found for found in rows if found["top1"]]
    times = {found["name"]: [] for found in rows}
    for _ in range(TURNS):
        for found in rows:
            times[found["name"]].append(microseconds(dabnet, found["model"]))
    for found in rows:
        found["us"] = round(min(times[found["name"]]), 1)
        del found["model"]
    pathlib.Path(results).write_text(json.dumps(rows, indent=1) + "\n")
    draw(rows, picture)
    page = pathlib.Path(page)
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    link = pathlib.Path(picture).relative_to(page.parent)
    page.write_text(f"{before}{BEGIN}\n{section(rows, link)}\n{END}{after}")


def listed():
    lines = pathlib.Path(__file__).with_name("runs.txt").read_text().splitlines()
    return [[part.strip() for part in line.split("|")] for line in lines if line and not line.startswith("#")]


def row(runs, name, options):
    folders = [runs / f"{name.replace(',', '').replace(' ', '-')}-s{seed}" for seed in SEEDS]
    ended = [folder for folder in folders if (folder / "model.safetensors").exists()]
    last = [epochs(folder)[-1] for folder in ended]
    return {
        "name": name,
        "options": options,
        "top1": [round(100 * epoch["validation"]["top1"], 2) for epoch in last],
        "bytes": (ended[0] / "model.safetensors").stat().st_size if ended else None,
        "model": ended[0] / "model.safetensors" if ended else None,
    }


def epochs(folder):
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [line for line in lines if line["kind"] == "epoch"]


def microseconds(dabnet, model):
    command = [dabnet, "bench", "--model", str(model), "--threads", "1", "--seconds", "0.4", "--json"]
    return 1e3 * json.loads(subprocess.check_output(command))["median_ms"]


def section(rows, link):
    lines = [
        f"![Accuracy against bytes and against time]({link})",
        "",
        "| network | `dabnet train` | runs | top-1 % validation | file bytes | µs a sketch |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for found in rows:
        values = found["top1"]
        spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
        lines.append(
            f"| {found['name']} | `{found['options']}` | {len(values)} | {statistics.mean(values):.1f}{spread}"
            f" | {found['bytes']:,} | {found['us']:.0f} |"
        )
    return "\n".join(lines)


def draw(rows, path):
    style = {"font.family": "sans-serif", "font.size": 10, "svg.fonttype": "none", "svg.hashsalt": "dabnet"}
    with pyplot.rc_context(style):
        figure, panels = pyplot.subplots(1, 2, figsize=(9.8, 4.2), sharey=True, layout="constrained")
        for panel, key, label in zip(panels, ("bytes", "us"), ("bytes of the file", "µs a sketch, one core")):
            for found in rows:
                binary = "W1A" in found["name"]
                color = "#c04a00" if found["name"].startswith("dabnet") else "#0067a8"
                mean = statistics.mean(found["top1"])
                low, high = mean - min(found["top1"]), max(found["top1"]) - mean
                panel.errorbar(
                    found[key],
                    mean,
                    yerr=[[low], [high]],
                    fmt="o" if binary else "s",
                    color=color,
                    markerfacecolor=color if binary else "white",
                    capsize=3,
                )
                panel.annotate(
                    found["name"], (found[key], mean), xytext=(7, 5), textcoords="offset points", fontsize=8
                )
            panel.set_xscale("log")
            panel.set_xlabel(label)
            panel.margins(x=0.25)
            panel.grid(color="#e3e5e8")
            panel.set_axisbelow(True)
            panel.spines[["top", "right"]].set_visible(False)
        panels[0].set_ylabel("top-1 % of the validation part")
        figure.patch.set(facecolor="white", edgecolor="#d7dade", linewidth=1)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


if __name__ == "__main__":
    main(*sys.argv[1:])
