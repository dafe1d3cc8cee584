#!/usr/bin/env python3
"""Words added by `dabnet teach`: how often they are told among all words of the model, and what they take from those that it knew.

Of a folder of pictures, a folder a class, the classes that the model has no label for are taken, some at a time: of each a few drawings are
taught and 20 others asked for.

    taught.py PICTURES OLD.ndjson --model quickdraw-345 [--words classes.txt] [--program dabnet] [--reps 8]

OLD are drawings of the model's words that it has not seen; `--words` is the file that maps classes to words (see docs/training.md), whose
classes are known words, too.
"""

import argparse
import json
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

#: New words, and drawings of each.
CASES = ((1, 5), (10, 1), (10, 3), (10, 10))
ASKED = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("old", type=Path)
    parser.add_argument("--model", default="quickdraw-345")
    parser.add_argument("--words", type=Path)
    parser.add_argument("--program", default="dabnet")
    parser.add_argument("--reps", type=int, default=8)
    options = parser.parse_args()

    def accuracy(model: str, data: Path) -> dict:
        done = subprocess.run([options.program, "eval", "--json", "--model", model, "--data", data], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    before = accuracy(options.model, options.old)
    known = set(before["labels"])
    if options.words:
        known |= {line.split("=")[0].strip() for line in options.words.read_text().splitlines() if "=" in line}
    classes = sorted(folder for folder in options.pictures.iterdir() if folder.is_dir() and folder.name not in known)
    print("| new words | drawings each | new ones right % | old words, points | seconds |\n|--:|--:|--:|--:|--:|")
    for count, shots in CASES:
        chosen = random.Random(1)
        results = []
        for _ in range(options.reps):
            with tempfile.TemporaryDirectory() as folder:
                for one in chosen.sample(classes, count):
                    files = sorted(one.iterdir())
                    chosen.shuffle(files)
                    for at, file in enumerate(files[: shots + ASKED]):
                        target = Path(folder, "taught" if at < shots else "asked", one.name)
                        target.mkdir(parents=True, exist_ok=True)
                        shutil.copy(file, target)
                model, start = str(Path(folder, "model")), time.time()
                subprocess.run([options.program, "teach", Path(folder, "taught"), "--model", options.model, "-o", model], capture_output=True, check=True)
                seconds = time.time() - start
                old, new = accuracy(model, options.old), accuracy(model, Path(folder, "asked"))
                results.append((100 * new["top1"], 100 * (old["top1"] - before["top1"]), seconds))
        right, lost, seconds = (sum(column) / len(results) for column in zip(*results))
        print(f"| {count} | {shots} | {right:.1f} | {lost:+.2f} | {seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
