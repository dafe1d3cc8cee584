#!/usr/bin/env python3
"""Known words and none of these: how well the energy of a model's logits tells drawings of its words from others.

Prints for several kinds of drawings that are none of a model's words the area under the ROC curve (AUROC), known against unknown, and the
share that the model calls unknown with the threshold in its file.

    unknown.py TEST.ndjson.gz --model quickdraw-345 [--classes PICTURES --words classes.txt]

TEST are drawings of the model's words that neither training nor calibration saw. PICTURES is a folder with a folder of pictures a class;
those that are none of the words (nor called otherwise in `--words`, see docs/training.md) are words held out. Needs the packages dabnet and
Hershey-Fonts, of which the letters and digits are drawn.
"""

import argparse
import gzip
import json
import string
from pathlib import Path

import dabnet
import numpy as np
from HersheyFonts import HersheyFonts

FONTS = ("futural", "scripts", "rowmans", "cursive", "timesr", "gothiceng")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test", type=Path)
    parser.add_argument("--model", default="quickdraw-345")
    parser.add_argument("--classes", type=Path)
    parser.add_argument("--words", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model = dabnet.load(options.model)
    random = np.random.default_rng(options.seed)
    opened = gzip.open if options.test.suffix == ".gz" else open
    with opened(options.test, "rt") as lines:
        sketches = [json.loads(line) for line in lines]
    known = [strokes(sketch) for sketch in sketches if sketch["word"] in model.labels]
    sets = {
        "letters and digits": letters(random),
        "scribbles": [scribble(number, random) for number in range(600)],
        "half of a known drawing": [half(drawing) for drawing in known[::5]],
        "a stroke or a dot": [stroke(random) for _ in range(300)],
    }
    if options.classes:
        sets["words held out"] = held_out(options, model)
    scores = energies(model, known)
    print(f"{len(known)} known drawings, {np.mean(scores < model.least_energy):.1%} called unknown")
    print("| drawings | number | AUROC | called unknown |\n|---|--:|--:|--:|")
    for name, drawings in sets.items():
        found = energies(model, drawings)
        print(f"| {name} | {len(found)} | {auroc(scores, found):.3f} | {100 * np.mean(found < model.least_energy):.0f} % |", flush=True)


def energies(model: dabnet.Model, drawings: list) -> np.ndarray:
    logits = np.stack([model.logits(drawing) for drawing in drawings])
    largest = logits.max(axis=1)
    return largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    scores = np.concatenate([known, unknown])
    ranks = np.empty(len(scores))
    ranks[scores.argsort()] = np.arange(1, len(scores) + 1)
    n = len(known)
    return (ranks[:n].sum() - n * (n + 1) / 2) / n / len(unknown)


def strokes(sketch: dict) -> list:
    return [list(zip(*stroke[:2])) for stroke in sketch["drawing"]]


def letters(random: np.random.Generator) -> list:
    drawn = []
    for font in FONTS:
        hershey = HersheyFonts()
        hershey.load_default_font(font)
        hershey.normalize_rendering(100)
        for character in string.ascii_letters + string.digits:
            lines = [list(line) for line in hershey.strokes_for_text(character)]
            if lines:
                drawn.append(by_hand(lines, random))
    return drawn


def by_hand(lines: list, random: np.random.Generator) -> list:
    angle, scales = random.normal(0, 0.1), np.exp(random.normal(0, 0.15, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag(scales)
    return [(np.array(line, float) @ turn.T + random.normal(0, 0.4, (len(line), 2))).tolist() for line in lines]


def scribble(number: int, random: np.random.Generator) -> list:
    def line() -> np.ndarray:
        count = random.integers(2, 60)
        start = random.uniform(0, 200, 2)
        if number % 3 == 0:
            return np.cumsum(random.normal(0, 8, (count, 2)), 0) + start
        if number % 3 == 1:
            return np.cumsum(np.cumsum(random.normal(0, 1.5, (count, 2)), 0) / 2, 0) + start
        return random.uniform(0, 200, (random.integers(2, 7), 2))

    return [line().tolist() for _ in range(random.integers(1, 6))]


def stroke(random: np.random.Generator) -> list:
    points = random.uniform(0, 100, (random.integers(1, 4), 2))
    return [points.tolist()]


def half(drawing: list) -> list:
    left = sum(map(len, drawing)) // 2
    begun = []
    for line in drawing:
        if left > 0:
            begun.append(line[: max(left, 1)])
            left -= len(line)
    return begun


def held_out(options: argparse.Namespace, model: dabnet.Model) -> list:
    known = set(model.labels)
    if options.words:
        known |= {line.split("=")[0].strip() for line in options.words.read_text().splitlines() if "=" in line}
    folders = (folder for folder in sorted(options.classes.iterdir()) if folder.is_dir() and folder.name not in known)
    return [str(file) for folder in folders for file in sorted(folder.iterdir())]


if __name__ == "__main__":
    main()
