#!/usr/bin/env python3
"""Builds examples/firmware for three processors, runs it on drawings in emulators, and compares its words with the program's.

    scripts/firmware/run.py [--drawings 60] [--markdown docs/firmware.md]

Needs Rust's targets (`rustup target add thumbv7em-none-eabi thumbv7em-none-eabihf riscv32imac-unknown-none-elf`) and QEMU
(`qemu-system-arm`, `qemu-system-riscv32`), which counts instructions. Memory is as large as MODELS says, with nothing below it: a
stack that does not fit ends the run.
"""

import argparse
import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Models, and the KiB of memory that are enough on a Cortex-M4.
MODELS = {"quickdraw-20": 50, "quickdraw-20-mini": 46}
DATA = ROOT / "data/quickdraw-20/test.ndjson.gz"
COMMON = ["-nographic", "-monitor", "none", "-serial", "none", "-icount", "shift=0"]
COMMON += ["-semihosting-config", "enable=on,target=native"]
ARM = ["qemu-system-arm", "-machine", "mps2-an386", *COMMON, "-kernel"]
RISC_V = ["qemu-system-riscv32", "-machine", "virt", "-bios", "none", *COMMON, "-device"]
PROCESSORS = [
    ("Cortex-M4, floats in software", "thumbv7em-none-eabi", ARM),
    ("Cortex-M4F", "thumbv7em-none-eabihf", ARM),
    ("RISC-V (RV32IMAC)", "riscv32imac-unknown-none-elf", RISC_V),
]
#: Sections that are in flash.
FLASH = re.compile(r"^(\.vector_table|\.text|\.init\.rust|\.rodata|\.data|\.eh_frame)\s+(\d+)", re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawings", type=int, default=60)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    lines = gzip.open(DATA, "rt").read().splitlines()
    # The file has a word's drawings one after another.
    lines = lines[:: max(1, len(lines) // options.drawings)][: options.drawings]
    rows, agree = [], True
    for model, (name, target, emulator) in ((model, processor) for model in MODELS for processor in PROCESSORS):
        expected = recognized(model, lines)
        program = build(model, target)
        words, drawing, all_of_it = run(emulator, program, lines)
        same = sum(a == b for a, b in zip(words, expected))
        agree &= same == len(lines) == len(words)
        right = sum(word == json.loads(line)["word"] for word, line in zip(words, lines))
        flash = sum(int(size) for _, size in FLASH.findall(subprocess.check_output(["size", "-A", program], text=True)))
        median = [f"{statistics.median(counts) / 1e6:.1f}" for counts in (drawing, all_of_it)]
        rows.append(f"| `{model}` | {name} | {flash:,} | {1024 * MODELS[model]:,} | {median[0]} | {median[1]} | {max(all_of_it) / 1e6:.1f} | {same} of {len(lines)} | {right} |")
        print(rows[-1], flush=True)
    if options.markdown:
        write(options.markdown, rows)
    sys.exit(0 if agree else "the words are not the program's")


def recognized(model: str, lines: list[str]) -> list[str]:
    subprocess.check_call(["cargo", "build", "--release"], cwd=ROOT)
    program = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/dabnet"
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        command = [program, "recognize", "--model", model, "--json", "--top", "1", file.name]
        return [json.loads(line)["predictions"][0]["label"] for line in subprocess.check_output(command, text=True).splitlines()]


def build(model: str, target: str) -> Path:
    folder = ROOT / "examples/firmware"
    command = ["cargo", "build", "--release", "--target", target]
    subprocess.check_call(command, cwd=folder, env={**os.environ, "RAM": str(MODELS[model]), "MODEL": f"../../models/{model}"})
    return Path(os.environ.get("CARGO_TARGET_DIR", folder / "target")) / target / "release/firmware"


def run(emulator: list[str], program: Path, lines: list[str]) -> tuple[list[str], list[int], list[int]]:
    last = f"loader,file={program},cpu-num=0" if emulator is RISC_V else str(program)
    strokes = [json.loads(line)["drawing"] for line in lines]
    text = "".join(";".join(" ".join(f"{x},{y}" for x, y in zip(*stroke[:2])) for stroke in drawing) + "\n" for drawing in strokes)
    found = subprocess.run([*emulator, last], input=text, text=True, capture_output=True, timeout=60 + 10 * len(lines))
    answers = [line.split("\t") for line in found.stdout.splitlines()]
    if found.returncode:
        sys.exit(f"{program}: {found.stdout[-200:]}{found.stderr[-200:]}")
    return [word for word, _, _ in answers], [int(drawn) for _, drawn, _ in answers], [int(count) for _, _, count in answers]


def write(file: Path, rows: list[str]) -> None:
    head = "| model | processor | flash, bytes | memory, bytes | drawing, M instructions | all, median | all, most | words as the program's | right |"
    table = "\n".join([head, "|---|---|--:|--:|--:|--:|--:|--:|--:|", *rows])
    begin, end = "<!-- firmware -->", "<!-- /firmware -->"
    text = file.read_text()
    before, after = text.index(begin) + len(begin), text.index(end)
    file.write_text(f"{text[:before]}\n{table}\n{text[after:]}")


if __name__ == "__main__":
    main()
