"""What exported networks answer: ONNX Runtime and QONNX beside dabnet, for every form.

    pip install numpy onnxruntime qonnx pillow  &&  python scripts/onnx/agreement.py DABNET MODEL...

DABNET is the program. Draws all sketches of data/quickdraw-20's test part as the model sees them, by the Python package `dabnet`,
and prints for each form the bytes of the file, how many labels are dabnet's, the largest difference of a logit, and milliseconds a
sketch on one core.
"""

import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

import dabnet

DATA = Path(__file__).parents[2] / "data" / "quickdraw-20" / "test.ndjson.gz"


def canvases(model, count=600):
    with gzip.open(DATA, "rt") as lines:
        drawings = [json.loads(line)["drawing"] for line in lines]
    strokes = [[list(zip(x, y)) for x, y in drawing] for drawing in drawings[:: max(1, len(drawings) // count)]]
    return np.stack([model.canvas(drawing) for drawing in strokes])


def by_onnxruntime(path, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    start = time.perf_counter()
    logits = np.concatenate([session.run(None, {"canvas": canvas[None]})[0] for canvas in inputs])
    return logits, (time.perf_counter() - start) / len(inputs)


def by_qonnx(path, inputs):
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    model = ModelWrapper(path)
    model.set_tensor_shape("canvas", [1, *inputs.shape[1:]])
    model = model.transform(InferShapes())
    start = time.perf_counter()
    logits = [execute_onnx(model, {"canvas": canvas[None]})["logits"] for canvas in inputs]
    return np.concatenate(logits), (time.perf_counter() - start) / len(inputs)


def main():
    program, *names = sys.argv[1:]
    print("| model | form | file bytes | same labels | largest difference of a logit | ms |")
    print("|---|---|--:|--:|--:|--:|")
    for name in names:
        model = dabnet.load(name)
        inputs = canvases(model)
        start = time.perf_counter()
        expected = model.run(inputs, threads=1)
        ours = (time.perf_counter() - start) / len(inputs)
        print(f"| {name} | dabnet | | | | {1e3 * ours:.3f} |")
        for form in ("dense", "packed", "qonnx"):
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "model.onnx")
                subprocess.run([program, "export", name, "-o", path, "--form", form], check=True, capture_output=True)
                # QONNX's own execution is for checking: some sketches are enough.
                some = inputs[:: len(inputs) // 20] if form == "qonnx" else inputs
                wanted = expected[:: len(inputs) // 20] if form == "qonnx" else expected
                found, seconds = (by_qonnx if form == "qonnx" else by_onnxruntime)(path, some)
                same = int((found.argmax(1) == wanted.argmax(1)).sum())
                print(f"| {name} | {form} | {Path(path).stat().st_size:,} | {same} of {len(some)} | {np.abs(found - wanted).max():.2g} | {1e3 * seconds:.3f} |", flush=True)


main()
