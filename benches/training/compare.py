"""Runs PyTorch and `cargo bench --bench step` in turns and prints a table of sketches a second."""

import os
import re
import statistics
import subprocess
import sys

ROUNDS = 3
STEPS = 9
DEVICES = sys.argv[2:] or ["cpu"]
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
here = os.path.dirname(os.path.abspath(__file__))


def torch(side, batch):
    script = os.path.join(here, "torch_step.py")
    command = [sys.argv[1], script, str(side), str(batch), str(THREADS), str(STEPS)]
    return {"PyTorch, full": float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)}


def ours(side, batch, device):
    command = ["cargo", "bench", "-q", "-p", "dabnet-train", "--bench", "step"]
    command += ["--features", "libtorch"] if "libtorch" in DEVICES else []
    command += ["--", "sketch-a-net", str(side), str(batch), device]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rates = re.findall(r"^\S+ (\w+) (\w+): ([\d.]+) sketches/s in the median step", printed, re.MULTILINE)
    names = {("full", "dab"): "full", ("fbin", "sign"): "XNOR-Net", ("fbin", "dab"): "DAB-Net"}
    return {f"dabnet on {device}, {names[policy, scheme]}": float(rate) for policy, scheme, rate in rates}


def turn(side, batch):
    rates = torch(side, batch)
    for device in DEVICES:
        rates |= ours(side, batch, device)
    return rates


print(f"Medians of {ROUNDS} turns of {STEPS} steps, {THREADS} threads, sketches a second:\n")
print("| side | batch | what | slowest turn | median | fastest turn | against PyTorch |")
print("|---|---|---|---|---|---|---|")
for side, batch in [(225, 32), (96, 64)]:
    turns = [turn(side, batch) for _ in range(ROUNDS)]
    reference = statistics.median(turn["PyTorch, full"] for turn in turns)
    for name in turns[0]:
        rates = sorted(turn[name] for turn in turns)
        median = statistics.median(rates)
        cells = [side, batch, name, f"{rates[0]:.1f}", f"{median:.1f}", f"{rates[-1]:.1f}", f"{median / reference:.2f}"]
        print("|", " | ".join(str(cell) for cell in cells), "|", flush=True)
