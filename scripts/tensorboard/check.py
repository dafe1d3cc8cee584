#!/usr/bin/env python3
"""Has TensorBoard read what dabnet writes for it.

    python3 -m venv venv && venv/bin/pip install tensorboard && venv/bin/python scripts/tensorboard/check.py

Writes a run that was killed in the middle of a frame and goes on from an earlier step, reads it with
TensorBoard's own reader, and asks its server, with both of its loaders.
"""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.util import tensor_util

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESUMED_AT, STEPS = 12, 20
LOSSES = [(step, step + (0.5 if step >= RESUMED_AT else 0.0)) for step in range(STEPS)]


def write(folder):
    """A run of which steps from RESUMED_AT on were written twice."""
    example = ["cargo", "run", "-q", "-p", "dabnet-train", "--example", "events", "--", str(folder)]
    subprocess.run(example, cwd=ROOT, check=True)
    (first,) = folder.iterdir()
    with first.open("ab") as file:
        file.write(first.read_bytes()[:17])
    subprocess.run([*example, str(RESUMED_AT)], cwd=ROOT, check=True)
    assert len(list(folder.iterdir())) == 2


def check_readers(folder):
    """The reader that knows scalars and histograms, and the one that the server has."""
    everything = {event_accumulator.HISTOGRAMS: 0}
    reader = event_accumulator.EventAccumulator(str(folder), size_guidance=everything).Reload()
    assert [(event.step, event.value) for event in reader.Scalars("loss/train")] == LOSSES
    assert [event.step for event in reader.Scalars("first")] == list(range(RESUMED_AT))
    histograms = reader.Histograms("conv1")
    assert [event.step for event in histograms] == list(range(STEPS))
    for event in histograms:
        value = event.histogram_value
        most = 1.5 if event.step >= RESUMED_AT else 1.0
        assert (value.min, value.max, value.num, value.sum) == (-1, most, 4, most - 2), value
        assert value.bucket_limit[-1] == most and sum(value.bucket) == 4

    reader = plugin_event_accumulator.EventAccumulator(str(folder)).Reload()
    tensors = reader.Tensors("loss/train")
    losses = [(event.step, tensor_util.make_ndarray(event.tensor_proto).item()) for event in tensors]
    assert losses == LOSSES, losses
    assert [event.step for event in reader.Tensors("first")] == list(range(RESUMED_AT))


class Server:
    """TensorBoard's server on a folder of runs, with its fast loader or its old one."""

    def __init__(self, folder, fast):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/data/plugin"
        arguments = ["--logdir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
        loader = f"--load_fast={str(fast).lower()}"
        main = [sys.executable, "-m", "tensorboard.main", *arguments, loader]
        self.process = subprocess.Popen(main, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, path, **query):
        """The answer, once there is one."""
        address = f"{self.address}/{path}?{urllib.parse.urlencode(query)}"
        for _ in range(120):
            try:
                with urllib.request.urlopen(address, timeout=10) as answer:
                    found = json.load(answer)
                if found:
                    return found
            except OSError:
                pass
            time.sleep(0.5)
        raise SystemExit(f"no answer from {address}")


def check_server(folder, fast):
    with Server(folder, fast) as server:
        tags = server.ask("scalars/tags")
        assert set(tags) == {"run"} and set(tags["run"]) == {"first", "loss/train"}, tags
        assert set(server.ask("histograms/tags")["run"]) == {"conv1"}
        losses = server.ask("scalars/scalars", run="run", tag="loss/train")
        assert [(step, value) for _, step, value in losses] == LOSSES, losses
        # The fast loader drops steps that are written again, and knows nothing of restarts.
        kept = STEPS if fast else RESUMED_AT
        first = server.ask("scalars/scalars", run="run", tag="first")
        assert [step for _, step, _ in first] == list(range(kept)), first
        histograms = server.ask("histograms/histograms", run="run", tag="conv1")
        assert [step for _, step, _ in histograms] == list(range(STEPS))
        for _, step, buckets in histograms:
            counts = [bucket[2] for bucket in buckets]
            assert sum(counts) == 4 and counts[0] == 2, buckets
            assert (buckets[0][0], buckets[-1][1]) == (-1, 1.5 if step >= RESUMED_AT else 1)


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write(folder / "run")
        check_readers(folder / "run")
        for fast in [True, False]:
            check_server(folder, fast)
    print("TensorBoard reads what was written")


if __name__ == "__main__":
    main()
