#!/usr/bin/env python3
"""Words from a handful of drawings: how often the nearest word in a model's embedding is the right one.

Of a folder of pictures, a folder a class, or Quick, Draw!'s lines, the classes that no model has a label for are taken. An episode draws some of them,
some drawings of each to know them by, and some others to be told; a word is known by the mean of its drawings (a prototype), or
by its nearest drawing. Embeddings are centered on the mean of what is known in the episode and taken by their direction, as reals, and
as bits, one a value. Every model sees the same episodes.

    few_shot.py DRAWINGS --model quickdraw-345 --model doodlenet/ [--words classes.txt]

`--words` is the file that maps classes to words (see docs/training.md), whose classes are known words, too. Needs the package dabnet.
"""

import argparse
import gzip
import json
from pathlib import Path

import dabnet
import numpy as np

EPISODES = 600
#: Drawings of a class to be told in an episode.
QUERIES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drawings", type=Path)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--words", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    models = {name: dabnet.load(name) for name in options.model}
    known = {label for model in models.values() for label in model.labels}
    if options.words:
        known |= {line.split("=")[0].strip() for line in options.words.read_text().splitlines() if "=" in line}
    files = [drawings for name, drawings in sorted(by_class(options.drawings).items()) if name not in known]
    print(f"{len(files)} classes without a label, {sum(map(len, files))} drawings, {EPISODES} episodes")
    ends = np.cumsum([0, *map(len, files)])
    drawings = [file for some in files for file in some]
    rows = {name: model.embed_batch(drawings) for name, model in models.items()}
    print("| model | values | ways | drawings a word | prototype % | nearest % | prototype, bits % | nearest, bits % |")
    print("|---|---|---|---|---|---|---|---|")
    for name, embeddings in rows.items():
        for ways in (5, 20, min(45, len(files))):
            for shots in (1, 5, 20):
                random = np.random.default_rng(options.seed)
                found = [episode(embeddings, ends, ways, shots, random) for _ in range(EPISODES)]
                mean, deviation = np.mean(found, axis=0), np.std(found, axis=0, ddof=1)
                cells = [f"{100 * m:.1f} ± {196 * d / np.sqrt(EPISODES):.1f}" for m, d in zip(mean, deviation)]
                print(f"| {name} | {embeddings.shape[1]} | {ways} | {shots} | {' | '.join(cells)} |", flush=True)


def by_class(drawings: Path) -> dict[str, list]:
    if drawings.is_dir():
        return {folder.name: sorted(folder.iterdir()) for folder in drawings.iterdir() if folder.is_dir()}
    found: dict[str, list] = {}
    with gzip.open(drawings, "rt") if drawings.suffix == ".gz" else drawings.open() as lines:
        for line in map(json.loads, lines):
            found.setdefault(line["word"], []).append([list(zip(*stroke[:2])) for stroke in line["drawing"]])
    return found


def episode(embeddings: np.ndarray, ends: np.ndarray, ways: int, shots: int, random: np.random.Generator) -> list[float]:
    classes = random.choice(len(ends) - 1, ways, replace=False)
    known, asked = [], []
    for one in classes:
        drawn = random.permutation(np.arange(ends[one], ends[one + 1]))[: shots + QUERIES]
        known.append(embeddings[drawn[:shots]])
        asked.append(embeddings[drawn[shots:]])
    known, asked = np.stack(known), np.stack(asked)
    center = known.mean(axis=(0, 1))
    known, asked = known - center, asked - center
    truth = np.repeat(np.arange(ways), QUERIES)
    found = []
    for form in (direction, bits):
        from_known, from_asked = form(known), form(asked).reshape(ways * QUERIES, -1)
        prototypes = form(from_known.mean(axis=1))
        found.append(np.mean((from_asked @ prototypes.T).argmax(axis=1) == truth))
        nearest = (from_asked @ from_known.reshape(ways * shots, -1).T).argmax(axis=1) // shots
        found.append(np.mean(nearest == truth))
    return found


def direction(values: np.ndarray) -> np.ndarray:
    return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-9)


def bits(values: np.ndarray) -> np.ndarray:
    return np.where(values >= 0, 1.0, -1.0).astype(np.float32)


if __name__ == "__main__":
    main()
