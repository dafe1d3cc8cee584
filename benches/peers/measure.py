"""Measures this engine and the others on the same networks and sketches, in turns, so that whatever
the machine does meets all alike.

usage: measure.py DABNET LARQ_PYTHON RESULTS FOLDER...
"""

import contextlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import metadata

CORES, BATCHES = (1, 2), (1, 32)
# How often each engine has its turn; a batch of 32 is a mean already, and takes its time.
TURNS = {1: 6, 32: 3}
SECONDS = 0.4
# Between turns: threads of some engines go on spinning for a while.
PAUSE = 0.1
# Above this share of the machine's time in other hands, times say little.
QUIET = 0.03


@dataclass
class Engine:
    name: str
    #: As in worker.py; this engine itself where there is none.
    runtime: str | None
    file: str
    batches: tuple[int, ...] = BATCHES


ENGINES = [
    Engine("dabnet fbin", None, "fbin.safetensors"),
    Engine("dabnet W1A2", None, "w1a2.safetensors"),
    Engine("dabnet W1A4", None, "w1a4.safetensors"),
    Engine("dabnet wbin", None, "wbin.safetensors"),
    Engine("dabnet full", None, "full.safetensors"),
    Engine("ONNX Runtime fp32", "onnxruntime", "full.onnx"),
    Engine("ONNX Runtime int8", "onnxruntime", "int8.onnx"),
    Engine("OpenVINO fp32", "openvino", "full.onnx"),
    Engine("OpenVINO bf16", "openvino-bf16", "full.onnx"),
    Engine("OpenVINO int8", "openvino", "int8.onnx"),
    Engine("OpenVINO binary", "openvino", "binary.xml"),
    Engine("Larq", "larq", "larq.tflite"),
    # Which runs a batch one by one.
    Engine("Larq default", "larq-default", "larq.tflite", batches=(1,)),
]


def main(dabnet, larq_python, results, *folders):
    bench, others = Bench(dabnet, larq_python), Others()
    networks = {pathlib.Path(folder).name: bench.network(pathlib.Path(folder)) for folder in folders}
    found = {
        "machine": machine(),
        "versions": bench.versions(),
        "others": others.share(),
        "networks": networks,
    }
    pathlib.Path(results).write_text(json.dumps(found, indent=1) + "\n")
    if found["others"] > QUIET:
        progress(f"measure again: other programs took {found['others']:.0%} of the machine's time")


class Bench:
    def __init__(self, dabnet, larq_python):
        self.dabnet = dabnet
        self.larq_python = larq_python

    def network(self, folder):
        found = {
            "agreement": json.loads((folder / "agreement.json").read_text())
            | {"larq": json.loads((folder / "larq.json").read_text())},
            "file_bytes": {engine.name: file_bytes(folder / engine.file) for engine in ENGINES},
            "times": [],
        }
        for cores in CORES:
            found["times"] += self.times(folder, cores)
        found["layers"] = self.layers(folder)
        if (folder / "chain.xml").exists():
            found["chain"] = self.chain(folder)
        return found

    def times(self, folder, cores):
        """Milliseconds of each turn's median batch, by engine and size of batch."""
        turns = {(engine.name, batch): [] for engine in ENGINES for batch in engine.batches}
        with contextlib.ExitStack() as stack:
            runners = {
                engine.name: stack.enter_context(self.runner(engine, folder, cores)) for engine in ENGINES
            }
            for turn in range(max(TURNS.values())):
                for (name, batch), ms in turns.items():
                    if turn < TURNS[batch]:
                        time.sleep(PAUSE)
                        ms.append(runners[name].median(batch, SECONDS))
                progress(f"{folder.name}, {cores} cores, turn {turn + 1}")
        return [
            {"engine": name, "cores": cores, "batch": batch} | best_of(ms, "ms")
            for (name, batch), ms in turns.items()
        ]

    def runner(self, engine, folder, cores):
        path = folder / engine.file
        if engine.runtime is None:
            return Ours(self.dabnet, path, cores)
        return self.worker(engine.runtime, path, cores, folder / "canvases.npy")

    def worker(self, runtime, path, cores, inputs):
        python = self.larq_python if runtime.startswith("larq") else sys.executable
        return Worker(python, runtime, path, cores, inputs)

    def layers(self, folder):
        """Of one sketch on one core: ours with all that follows each, OpenVINO's node by node."""
        ours, theirs, peaks = {}, {}, []
        with self.worker("openvino", folder / "binary.xml", 1, folder / "canvases.npy") as worker:
            for _ in range(TURNS[1]):
                measured = Ours(self.dabnet, folder / "fbin.safetensors", 1).layers()
                peaks.append(measured["peak_bit_macs_per_s"])
                for layer in measured["layers"]:
                    us, _ = layer.pop("median_us"), layer.pop("share_of_peak")
                    ours.setdefault(layer["name"], layer | {"turns": []})["turns"].append(us)
                for node in worker.nodes():
                    us = node.pop("us")
                    theirs.setdefault(node["name"], node | {"turns": []})["turns"].append(us)
        progress(f"{folder.name}, layers")
        return {
            "peak_bit_macs_per_s": max(peaks),
            "dabnet": [layer | best_of(layer["turns"], "us") for layer in ours.values()],
            "openvino": [node | best_of(node["turns"], "us") for node in theirs.values()],
        }

    def chain(self, folder):
        """OpenVINO's binary layers alone: quantize, convolve, pool, threshold."""
        turns = {}
        for cores in CORES:
            with self.worker("openvino", folder / "chain.xml", cores, folder / "chain.npy") as worker:
                ms = [worker.median(batch=1, seconds=SECONDS) for _ in range(TURNS[1])]
            turns[cores] = best_of(ms, "ms")
        return turns

    def versions(self):
        ours = subprocess.run(
            [self.dabnet, "--version"], check=True, capture_output=True, text=True
        ).stdout.split()
        found = {name: metadata.version(name) for name in ("onnxruntime", "openvino", "numpy")}
        larq = "from importlib import metadata; print(metadata.version('larq-compute-engine'))"
        found["larq-compute-engine"] = subprocess.check_output(
            [self.larq_python, "-c", larq], text=True
        ).strip()
        commit = subprocess.check_output(["git", "describe", "--always", "--dirty"], text=True).strip()
        return {"dabnet": ours[-1], "commit": commit} | found


class Ours:
    """A process a turn, as it is quickly there."""

    def __init__(self, dabnet, path, cores):
        self.command = [
            *pinned(cores),
            dabnet,
            "bench",
            "--model",
            str(path),
            "--threads",
            str(cores),
            "--json",
        ]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def median(self, batch, seconds):
        return self.bench("--batch", str(batch), "--seconds", str(seconds))["median_ms"]

    def layers(self):
        return self.bench("--per-layer", "--seconds", str(SECONDS))

    def bench(self, *options):
        return json.loads(subprocess.check_output(self.command + list(options)))


class Worker:
    def __init__(self, python, runtime, path, cores, inputs):
        script = pathlib.Path(__file__).with_name("worker.py")
        self.command = [*pinned(cores), python, str(script), runtime, str(path), str(cores), str(inputs)]

    def __enter__(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(self.command, text=True, **pipes)
        # Until it has loaded everything it would disturb whoever has the first turn.
        self.answer()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def median(self, batch, seconds):
        return statistics.median(self.ask(batch=batch, seconds=seconds)["ms"])

    def nodes(self):
        return self.ask(nodes=True, seconds=SECONDS)["nodes"]

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self):
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"ended without an answer: {' '.join(self.command)}")
        return json.loads(answer)


class Others:
    """How much of the machine's time programs take that are none of ours."""

    def __init__(self):
        self.before = self.seconds()

    def share(self):
        """Since it was made; of programs that were started here, those that have ended are ours."""
        all_of_it, busy, ours = (after - before for after, before in zip(self.seconds(), self.before))
        return max(0.0, (busy - ours) / all_of_it)

    @staticmethod
    def seconds():
        ticks = os.sysconf("SC_CLK_TCK")
        user, nice, system, _, _, irq, soft_irq, stolen, *_ = map(
            int, pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]
        )
        spent = os.times()
        ours = spent.user + spent.system + spent.children_user + spent.children_system
        return (
            time.monotonic() * os.cpu_count(),
            (user + nice + system + irq + soft_irq + stolen) / ticks,
            ours,
        )


def pinned(cores):
    """To the last cores there are: the first have the system's interrupts."""
    mine = sorted(os.sched_getaffinity(0))[-cores:]
    return ["taskset", "--cpu-list", ",".join(map(str, mine))]


def best_of(turns, unit):
    """Of all turns the one that was disturbed least: nothing makes an engine faster than it is."""
    return {unit: round(min(turns), 4), "turns": [round(time, 4) for time in turns]}


def file_bytes(path):
    """OpenVINO's form is two files."""
    with_weights = [path, path.with_suffix(".bin")] if path.suffix == ".xml" else [path]
    return sum(part.stat().st_size for part in with_weights)


def machine():
    described = dict(
        line.split(":", 1) for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if ":" in line
    )
    described = {key.strip(): value.strip() for key, value in described.items()}
    flags = described["flags"].split()
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_vpopcntdq", "amx_tile", "hypervisor")
    return {
        "model": described["model name"],
        "cores": len(os.sched_getaffinity(0)),
        "flags": [flag for flag in wanted if flag in flags],
        "system": f"{platform.system()} {platform.machine()}",
    }


def progress(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
