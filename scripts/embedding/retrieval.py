#!/usr/bin/env python3
"""Sketches found by likeness: how many of the ten that `dabnet find` gives are of the word asked for.

    retrieval.py KEPT.ndjson ASKED.ndjson [--model quickdraw-345] [--program dabnet]

Both are Quick, Draw!'s lines, plain; KEPT is indexed, and each sketch of ASKED looked for.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kept", type=Path)
    parser.add_argument("asked", type=Path)
    parser.add_argument("--model", default="quickdraw-345")
    parser.add_argument("--program", default="dabnet")
    options = parser.parse_args()
    words = [json.loads(line)["word"] for line in options.asked.read_text().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "index")
        subprocess.run([options.program, "index", options.kept, "--model", options.model, "-o", index], check=True)
        done = subprocess.run([options.program, "find", index, options.asked, "--json"], capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    hits = [[found["name"].startswith(f"{word} ") for found in answer["found"]] for word, answer in zip(words, answers, strict=True)]
    first = sum(row[0] for row in hits) / len(hits)
    ten = sum(map(sum, hits)) / sum(map(len, hits))
    any_of_ten = sum(map(any, hits)) / len(hits)
    milliseconds = sorted(answer["milliseconds"] for answer in answers)[len(answers) // 2]
    print(f"{len(words)} asked for: the first right {first:.1%}, of ten {ten:.1%}, one of ten {any_of_ten:.1%}, {milliseconds:.2f} ms")


if __name__ == "__main__":
    main()
