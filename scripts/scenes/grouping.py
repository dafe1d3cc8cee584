#!/usr/bin/env python3
"""Measures how scenes are cut into sketches: drawings of Quick, Draw! alone on a whiteboard, and rows of four.

    scripts/scenes/grouping.py DRAWINGS.ndjson.gz [PROGRAM]

Needs Python 3 alone. Each drawing gets a size of its own; gaps are parts of the width of Quick, Draw!'s canvas.
"""
import gzip
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ALONE, ROWS, IN_A_ROW = 3000, 500, 4
GAPS = (0.15, 0.25, 0.4)
CANVAS = 255


def elements(drawing, name, size, x, y):
    """Strokes of a drawing as elements, whose identifiers begin with its name."""
    return [
        {"id": f"{name}-{at}", "type": "freedraw", "x": x, "y": y, "points": [[size * px, size * py] for px, py in zip(xs, ys)]}
        for at, (xs, ys) in enumerate(drawing)
    ]


def row(drawings, gap, chance):
    placed, x = [], 0.0
    for name, drawing in enumerate(drawings):
        size = chance.uniform(0.6, 1.4)
        placed += elements(drawing, name, size, x, chance.uniform(-30, 30))
        x = max(e["x"] + px for e in placed for px, _ in e["points"]) + gap * CANVAS
    return placed


def share_right(program, scenes, count):
    """Share of scenes of which as many sketches are made as were drawn, each beginning with the first stroke of one."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{at}.excalidraw" for at in range(len(scenes))]
        for path, scene in zip(paths, scenes):
            path.write_text(json.dumps({"type": "excalidraw", "version": 2, "elements": scene}))
        found = {str(path): [] for path in paths}
        command = [program, "recognize", "--model", "quickdraw-20", "--json", *found]
        for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
            sketch = json.loads(line)
            found[sketch["file"]].append(sketch["id"])
    expected = [f"{name}-0" for name in range(count)]
    return sum(ids == expected for ids in found.values()) / len(scenes)


def main():
    source, program = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "target/release/dabnet"
    with gzip.open(source, "rt") as lines:
        drawings = [json.loads(line)["drawing"] for line in lines]
    chance = random.Random(1)
    chance.shuffle(drawings)
    alone = [elements(drawing, 0, 1.0, 0.0, 0.0) for drawing in drawings[:ALONE]]
    print(f"alone: {share_right(program, alone, 1):.1%} of {ALONE} are one sketch")
    for gap in GAPS:
        rows = [row(chance.sample(drawings, IN_A_ROW), gap, chance) for _ in range(ROWS)]
        print(f"gaps of {gap}: {share_right(program, rows, IN_A_ROW):.1%} of {ROWS} rows of {IN_A_ROW} are cut as they were drawn")


main()
