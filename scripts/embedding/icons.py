#!/usr/bin/env python3
"""Measures how drawings of Quick, Draw! find icons of Lucide that show the same, by forms of their embeddings.

    scripts/embedding/icons.py node_modules/lucide-static/icons TEST.ndjson.gz [PROGRAM]

Needs NumPy. Embeddings are those that the server gives.
"""
import gzip
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np

DRAWINGS_EACH = 12
SHOWN = (1, 5, 12, 24)
ICONS = {
    "airplane": "plane", "bicycle": "bike", "cat": "cat", "umbrella": "umbrella",
    "house": "house home", "clock": "clock", "alarm clock": "alarm-clock", "tree": "tree-pine tree-deciduous trees tree-palm",
    "fish": "fish", "envelope": "mail", "key": "key key-round", "star": "star",
    "hand": "hand", "eye": "eye", "camera": "camera", "book": "book-open book",
    "apple": "apple", "anchor": "anchor", "bed": "bed bed-single bed-double", "car": "car car-front",
    "bus": "bus bus-front", "cloud": "cloud", "flower": "flower flower-2", "guitar": "guitar",
    "hammer": "hammer", "lightning": "zap", "moon": "moon", "pencil": "pencil",
    "rabbit": "rabbit", "sailboat": "sailboat", "scissors": "scissors", "sun": "sun",
    "truck": "truck", "television": "tv", "tent": "tent", "wine glass": "wine",
    "sword": "sword", "smiley face": "smile laugh", "snowflake": "snowflake", "skull": "skull",
    "shovel": "shovel", "microphone": "mic mic-vocal", "lollipop": "lollipop", "ice cream": "ice-cream-cone ice-cream-bowl",
    "headphones": "headphones", "crown": "crown", "carrot": "carrot", "cake": "cake cake-slice",
    "birthday cake": "cake", "banana": "banana", "axe": "axe", "bird": "bird",
    "bone": "bone", "brain": "brain", "broom": "broom", "calculator": "calculator",
    "castle": "castle", "cookie": "cookie", "cup": "cup-soda", "diamond": "diamond gem",
    "donut": "donut", "drum": "drum", "ear": "ear", "feather": "feather",
    "foot": "footprints", "hourglass": "hourglass", "leaf": "leaf", "map": "map",
    "paper clip": "paperclip", "piano": "piano", "pizza": "pizza", "rainbow": "rainbow",
    "snail": "snail", "square": "square", "circle": "circle", "triangle": "triangle",
    "squirrel": "squirrel", "turtle": "turtle",
}


def main():
    icons, drawings = Path(sys.argv[1]), sys.argv[2]
    program = sys.argv[3] if len(sys.argv) > 3 else "target/release/dabnet"
    server = subprocess.Popen([program, "serve", "--bind", "127.0.0.1:0", "--log-format", "off"], stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().split()[-1]
        measure(address, sorted(icons.glob("*.svg")), drawings)
    finally:
        server.kill()


def measure(address, files, drawings):
    names = [file.stem for file in files]
    icons = np.array([embedding(address, file.read_bytes(), "image/svg+xml") for file in files], np.float32)
    wanted = {word: {names.index(name) for name in shown.split()} for word, shown in ICONS.items()}
    asked, targets = [], []
    counts = dict.fromkeys(wanted, 0)
    with gzip.open(drawings, "rb") as lines:
        for line in lines:
            word = json.loads(line)["word"]
            if counts.get(word, DRAWINGS_EACH) < DRAWINGS_EACH:
                counts[word] += 1
                asked.append(embedding(address, line, "application/json"))
                targets.append(wanted[word])
    asked = np.array(asked, np.float32)
    print(f"{len(names)} icons, {len(asked)} drawings of {len(wanted)} words; one that shows it is among the first", *SHOWN)
    mean, median = icons.mean(0), np.median(icons, 0)
    signs = np.sign(icons - median)
    report("cosine of the embeddings", unit(asked - mean) @ unit(icons - mean).T, targets)
    report("reals against bits", (asked - median) @ signs.T, targets)
    report("bits against bits", np.sign(asked - median) @ signs.T, targets)


def embedding(address, body, media):
    request = urllib.request.Request(f"{address}/v1/embed", data=body, headers={"content-type": media})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["embedding"]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def report(name, likeness, targets):
    order = np.argsort(-likeness, axis=1)
    ranks = np.array([np.isin(row, list(target)).argmax() for row, target in zip(order, targets)])
    print(f"{name:26}", *(f"{np.mean(ranks < shown):.1%}" for shown in SHOWN))


main()
