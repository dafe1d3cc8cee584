"""Measures models and rivals in turns, and writes a table and a figure.

usage: report.py DABNET WORK QUICKDRAW TU-BERLIN
"""

import json
import pathlib
import statistics
import subprocess
import sys
import time

import matplotlib
import numpy as np
import onnx
import onnxruntime
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process
from safetensors.numpy import load_file

matplotlib.use("svg")

from matplotlib import pyplot

BEGIN, END = "<!-- pareto -->", "<!-- /pareto -->"
RIVALS = (
    ("quickdraw", "DoodleNet", "doodlenet"),
    ("tu-berlin", "EfficientNet-Lite0, 112 px", "tu-berlin-lite0-112"),
)
TITLES = {"quickdraw": "345 words of Quick, Draw!", "tu-berlin": "250 classes of TU-Berlin"}
TURNS = 7
SECONDS = 0.4


class Ours:
    def __init__(self, dabnet, data, name, model):
        self.dabnet, self.name, self.model = dabnet, name, pathlib.Path(model)
        answer = self.run("eval", "--data", data, "--json")
        self.top1, self.count, self.rival = 100 * answer["top1"], answer["count"], False
        self.bytes = (self.model / "model.safetensors").stat().st_size

    def run(self, command, *options):
        words = [self.dabnet, command, "--model", str(self.model), *options]
        return json.loads(subprocess.check_output(words))

    def milliseconds(self):
        return self.run("bench", "--threads", "1", "--seconds", str(SECONDS), "--json")["median_ms"]


class Rival:
    def __init__(self, name, path, sketches):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.name, self.bytes, self.rival = name, path.stat().st_size, True
        # Both were taught ink from 0 to 1.
        self.canvases = np.minimum(sketches["canvases"], 1)
        right = [self.answer(at).argmax() == label for at, label in enumerate(sketches["labels"])]
        self.top1, self.count = 100 * float(np.mean(right)), len(right)

    def answer(self, at):
        return self.session.run(None, {self.input: self.canvases[at : at + 1]})[0][0]

    def milliseconds(self):
        times, end, at = [], time.perf_counter() + SECONDS, 0
        while time.perf_counter() < end:
            begin = time.perf_counter()
            self.answer(at % len(self.canvases))
            times.append(time.perf_counter() - begin)
            at += 1
        return 1e3 * statistics.median(times)


class Calibration(quantization.CalibrationDataReader):
    def __init__(self, name, canvases):
        self.inputs = iter([{name: np.minimum(canvas, 1)[None]} for canvas in canvases])

    def get_next(self):
        return next(self.inputs, None)


def quantized(path, sketches):
    """The network in int8: static, a scale a channel."""
    prepared, result = path.with_suffix(".prepared.onnx"), path.with_suffix(".int8.onnx")
    quant_pre_process(str(path), str(prepared))
    name = onnx.load(str(prepared)).graph.input[0].name
    quantization.quantize_static(
        str(prepared), str(result), Calibration(name, sketches["canvases"]), per_channel=True
    )
    return result


def main(dabnet, work, quickdraw, tu_berlin):
    work, sets = pathlib.Path(work), {"quickdraw": quickdraw, "tu-berlin": tu_berlin}
    found = {data: [] for data in sets}
    for data, name, file in RIVALS:
        path = work / f"{file}.onnx"
        test, train = (load_file(work / f"{file}.{part}.safetensors") for part in ("test", "train"))
        found[data].append(Rival(f"{name}, fp32", path, test))
        found[data].append(Rival(f"{name}, int8", quantized(path, train), test))
    lines = pathlib.Path(__file__).with_name("models.txt").read_text().splitlines()
    for line in (line for line in lines if line and not line.startswith("#")):
        data, name, model = (part.strip() for part in line.split("|"))
        found[data].append(Ours(dabnet, sets[data], name, model))
    times = {id(one): [] for models in found.values() for one in models}
    for _ in range(TURNS):
        for models in found.values():
            for one in models:
                times[id(one)].append(one.milliseconds())
    rows = [
        {
            "data": data,
            "name": one.name,
            "rival": one.rival,
            "top1": round(one.top1, 2),
            "sketches": one.count,
            "bytes": one.bytes,
            "ms": round(statistics.median(times[id(one)]), 4),
            "fastest_ms": round(min(times[id(one)]), 4),
            "slowest_ms": round(max(times[id(one)]), 4),
        }
        for data, models in found.items()
        for one in models
    ]
    pathlib.Path("docs/accuracy/pareto.json").write_text(json.dumps(rows, indent=1) + "\n")
    draw(rows, "docs/accuracy/pareto.svg")
    page = pathlib.Path("docs/accuracy.md")
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n{section(rows)}\n{END}{after}")


def section(rows):
    lines = [
        "![Accuracy against milliseconds and against bytes](accuracy/pareto.svg)",
        "",
        "| data | network | top-1 % test | file bytes | ms, one core | fastest turn–slowest |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        lines.append(
            f"| {TITLES[row['data']]} | {row['name']} | {row['top1']:.1f} | {row['bytes']:,} | {row['ms']:.3f}"
            f" | {row['fastest_ms']:.3f}–{row['slowest_ms']:.3f} |"
        )
    return "\n".join(lines)


def draw(rows, path):
    style = {"font.family": "sans-serif", "font.size": 10, "svg.fonttype": "none", "svg.hashsalt": "dabnet"}
    axes = (("ms", "ms a sketch, one core"), ("bytes", "bytes of the file"))
    with pyplot.rc_context(style):
        figure, panels = pyplot.subplots(2, 2, figsize=(9.8, 7.6), sharey="row", layout="constrained")
        for line, (data, title) in zip(panels, TITLES.items()):
            for panel, (key, label) in zip(line, axes):
                for row in (row for row in rows if row["data"] == data):
                    color = "#0067a8" if row["rival"] else "#c04a00"
                    panel.plot(row[key], row["top1"], "s" if row["rival"] else "o", color=color)
                    panel.annotate(
                        row["name"],
                        (row[key], row["top1"]),
                        xytext=(7, 5),
                        textcoords="offset points",
                        fontsize=8,
                    )
                panel.set_xscale("log")
                panel.set_xlabel(label)
                panel.margins(x=0.35, y=0.2)
                panel.grid(color="#e3e5e8")
                panel.set_axisbelow(True)
                panel.spines[["top", "right"]].set_visible(False)
            line[0].set_ylabel("top-1 % of the test part")
            line[0].set_title(title, loc="left", fontsize=10)
        figure.patch.set(facecolor="white", edgecolor="#d7dade", linewidth=1)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


if __name__ == "__main__":
    main(*sys.argv[1:])
