"""Another engine in a process of its own. Loads a network, then measures as often as it is asked.

usage: worker.py RUNTIME NETWORK THREADS INPUTS

Writes {} when it is ready. Reads a JSON object a line: {"batch": N, "seconds": S}, or {"nodes": true,
"seconds": S}. Answers with one: {"ms": [one a batch]}, or {"nodes": [...]}.
"""

import functools
import json
import sys
import time

import numpy as np

from runtimes import Larq, OnnxRuntime, OpenVino

RUNTIMES = {
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "openvino-bf16": lambda path, threads: OpenVino(path, threads, "bf16"),
    "larq": Larq,
    "larq-default": lambda path, threads: Larq(path, threads, default=True),
}
WARM_UP, LEAST = 3, 3
# Of the seconds to measure for, spent at most on warming up once it has run at all.
WARM_UP_SHARE = 0.5


def main(runtime, network, threads, inputs):
    runtime = RUNTIMES[runtime](network, int(threads))
    given = runtime.arranged(np.load(inputs))
    prepare = functools.cache(runtime.prepare)
    answer({})
    for line in sys.stdin:
        asked = json.loads(line)
        if asked.get("nodes"):
            answer({"nodes": runtime.node_times(given, asked["seconds"])})
        else:
            batch = asked["batch"]
            answer({"ms": measure(prepare(batch), batches(given, batch), asked["seconds"])})


def answer(found):
    print(json.dumps(found), flush=True)


def batches(given, batch):
    """Another sketch each time, as in use."""
    first = 0
    while True:
        yield given.take(range(first, first + batch), axis=0, mode="wrap")
        first = (first + batch) % len(given)


def measure(run, batches, seconds):
    begin = time.perf_counter()
    for _ in range(WARM_UP):
        run(next(batches))
        if time.perf_counter() - begin > WARM_UP_SHARE * seconds:
            break
    times, begin = [], time.perf_counter()
    while len(times) < LEAST or time.perf_counter() - begin < seconds:
        batch = next(batches)
        start = time.perf_counter()
        run(batch)
        times.append(1e3 * (time.perf_counter() - start))
    return times


if __name__ == "__main__":
    main(*sys.argv[1:])
