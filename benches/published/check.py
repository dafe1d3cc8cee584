"""Checks `dabnet binarize` on networks from elsewhere: see run.sh.

usage: check.py DABNET FOLDER NETWORK...
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors import safe_open


def main(dabnet, folder, *networks):
    for network in map(pathlib.Path, networks):
        dense = pathlib.Path(folder, "dense-" + network.name)
        packed = pathlib.Path(folder, network.stem + "-packed.safetensors")
        report = binarize(dabnet, network, dense, "--dense")
        binarize(dabnet, network, packed)
        before, after = tensors(network), tensors(dense)
        done = [tensor for tensor in report["tensors"] if "relative_error" in tensor]
        unpacked = unpack(packed)
        assert {tensor["name"] for tensor in done} == set(unpacked)
        assert before.keys() == after.keys()
        for name in before:
            if name in unpacked:
                values, filters = unpacked[name]
                assert np.array_equal(after[name], values), name
                rows = values if filters == "first" else values.T
                assert all(len(np.unique(row)) <= 2 for row in rows), name
            else:
                assert np.array_equal(before[name], after[name], equal_nan=True), name
        weights = sum(int(np.prod(tensor["shape"])) for tensor in done)
        binarize(dabnet, network, dense.with_suffix(".sign" + dense.suffix), "--dense", "--scheme", "sign")
        sign = tensors(dense.with_suffix(".sign" + dense.suffix))
        errors = [relative_error(before, other, unpacked) for other in (after, sign)]
        print(
            f"{network.name}: {len(done)} tensors of {weights:,} weights, relative error {errors[0]:.3f}, "
            f"with ±mean {errors[1]:.3f}, {network.stat().st_size:,} bytes, {packed.stat().st_size:,} packed"
        )
        if network.suffix == ".onnx":
            run_both(network, dense)


def relative_error(before, after, names):
    wide = {name: before[name].astype(np.float64) for name in names}
    error = sum(np.sum((wide[name] - after[name]) ** 2) for name in names)
    return error / sum(np.sum(weights**2) for weights in wide.values())


def binarize(dabnet, network, out, *options):
    command = [dabnet, "binarize", str(network), "-o", str(out), "--json", *options]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def tensors(path):
    """Every tensor of a network as its own library reads it."""
    if path.suffix != ".onnx":
        with safe_open(path, "numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}
    model = onnx.load(path)
    onnx.checker.check_model(model)
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            value = [a for a in node.attribute if a.name == "value"]
            found.update({node.output[0]: numpy_helper.to_array(a.t) for a in value})
    return found


def unpack(path):
    """What a reader of the packed file has to do: docs/file-format.md, "Packed weights"."""
    with safe_open(path, "numpy") as file:
        originals = json.loads(file.metadata()["tensors"])
        found = {}
        for name, original in originals.items():
            shape, filters = original["shape"], original["filters"]
            rows = shape[0] if filters == "first" else shape[-1]
            n = int(np.prod(shape)) // rows
            bits = np.unpackbits(file.get_tensor(name + ".bits"), axis=1, count=n, bitorder="little")
            alpha, beta = (file.get_tensor(f"{name}.{value}")[:, None] for value in ("alpha", "beta"))
            values = np.where(bits == 1, alpha, beta)
            found[name] = (values.reshape(shape) if filters == "first" else values.T, filters)
        return found


def run_both(before, after):
    """Both networks take the same input and give outputs of the same shape, all of them numbers."""
    sessions = [onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in (before, after)]
    given = sessions[0].get_inputs()[0]
    shape = [size if isinstance(size, int) else default for size, default in zip(given.shape, (1, 3, 320, 320))]
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    outputs = [session.run(None, {given.name: image}) for session in sessions]
    for a, b in zip(*outputs, strict=True):
        assert a.shape == b.shape and np.all(np.isfinite(b))
    print(f"  runs in ONNX Runtime {onnxruntime.__version__}; outputs {[b.shape for b in outputs[1]]}")


main(*sys.argv[1:])
