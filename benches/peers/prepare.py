"""Writes the networks that `cargo xtask networks` has left in each folder in the forms that other
engines read, and checks that they give the same logits.

usage: prepare.py FOLDER...

A folder gets `full.onnx`, `int8.onnx`, `binary.xml`, `chain.xml` where its binary layers are one,
the inputs of these, and `agreement.json`.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import openvino
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process
from safetensors.numpy import load_file

import as_onnx
import as_openvino
from agreement import agreement, relative, require
from network import Network
from runtimes import OnnxRuntime, OpenVino

# A sign is in doubt where it sees less than this share of its layer's mean magnitude, a level where it sees less
# than this share of it more or less than what the next one begins at.
DOUBT = 1e-6
# Above random quantization, and below what eight bits leave.
INT8_CORRELATION = 0.99


MODELS = ("full", "wbin", "fbin", "sign", "w1a2", "w1a4")


def main(*folders):
    for folder in map(pathlib.Path, folders):
        sketches = load_file(folder / "sketches.safetensors")
        np.save(folder / "canvases.npy", sketches["canvases"])
        found = {name: check(folder, name, sketches) for name in MODELS}
        found |= quantized(folder, sketches)
        found |= binary(folder, sketches)
        (folder / "agreement.json").write_text(json.dumps(found))


def check(folder, name, sketches):
    """Our logits against ONNX Runtime's in real numbers: all of them where no sign or level is in doubt."""
    network = Network(folder / f"{name}.safetensors")
    quantizers = [node for node in network.nodes if node.type in ("sign", "quantize")]
    seen = [network.input(node) for node in quantizers]
    model = as_onnx.build(network, seen).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    certain, answers = [], []
    for canvas in sketches["canvases"]:
        answer, *values = session.run(None, {"input": canvas[None]})
        margins = [margin(network, node, seen) for node, seen in zip(quantizers, values)]
        certain.append(all(np.min(m) > DOUBT * np.abs(v).mean() for m, v in zip(margins, values)))
        answers.append(answer[0])
    answers, logits = np.stack(answers), sketches[f"logits.{name}"]
    found = agreement(f"{folder.name} {name}: ONNX Runtime", answers, logits).asdict()
    worst = relative(answers, logits)[certain].max(initial=0)
    # Of so many levels one is nearly always in doubt.
    enough = 0 if any(node.type == "quantize" for node in quantizers) else len(certain) / 2
    require(sum(certain) >= enough and worst < 1e-3, "differs where no sign is in doubt")
    return found | {"certain": sum(certain), "certain_difference": float(worst)}


def margin(network, node, seen):
    """How far what a sign or a quantizer sees is from where it would give something else."""
    if node.type == "sign":
        return np.abs(seen)
    step, highest = network.quantizer(node)
    begins = np.clip(np.rint(seen / step + 0.5), 1, highest) - 0.5
    return np.abs(seen - begins * step)


def quantized(folder, sketches):
    """Of the network in real numbers: what somebody would do to it to make it fast."""
    full, folded, int8 = (str(folder / name) for name in ("full.onnx", "folded.onnx", "int8.onnx"))
    onnx.save(as_onnx.build(Network(folder / "full.safetensors")), full)
    quant_pre_process(full, folded, skip_symbolic_shape=True)
    # Eight bits unsigned times eight bits signed is what x86 has an instruction for.
    quantization.quantize_static(
        folded,
        int8,
        Calibration(sketches["canvases"]),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    pathlib.Path(folded).unlink()
    correlations = {}
    for name, runtime in (("onnxruntime-int8", OnnxRuntime), ("openvino-int8", OpenVino)):
        answers = answers_of(runtime(int8, 1), sketches["canvases"])
        correlation = np.corrcoef(answers.ravel(), sketches["logits.full"].ravel())[0, 1]
        print(
            f"{folder.name} {name}: correlation of logits with full precision {correlation:.5f}", flush=True
        )
        require(correlation > INT8_CORRELATION, "is not the same network any more")
        correlations[name] = {"correlation": float(correlation)}
    return correlations


class Calibration(quantization.CalibrationDataReader):
    def __init__(self, canvases):
        self.canvases = iter(canvases)

    def get_next(self):
        canvas = next(self.canvases, None)
        return None if canvas is None else {"input": canvas[None]}


def binary(folder, sketches):
    """With OpenVINO's own binary convolutions."""
    network = Network(folder / "sign.safetensors")
    openvino.save_model(as_openvino.whole(network), folder / "binary.xml", compress_to_fp16=False)
    answers = answers_of(OpenVino(folder / "binary.xml", 1), sketches["canvases"])
    found = {
        "openvino-binary": agreement(
            f"{folder.name}: OpenVINO binary", answers, sketches["logits.sign"]
        ).asdict()
    }
    if not any(node.type == "add" for node in network.nodes):
        chain(folder, network, sketches["canvases"])
    return found


def chain(folder, network, canvases):
    """Its integers have to be exactly those of the same layers in real numbers."""
    openvino.save_model(as_openvino.chain(network), folder / "chain.xml", compress_to_fp16=False)
    first, last = as_openvino.ends_of_chain(network)
    model = as_onnx.build(network, [first, last]).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    _, given, expected = (
        np.concatenate(values) for values in zip(*(session.run(None, {"input": c[None]}) for c in canvases))
    )
    np.save(folder / "chain.npy", given)
    alpha, _ = network.two_values(last)
    expected = np.rint(expected / alpha[None, :, None, None])
    answers = answers_of(OpenVino(folder / "chain.xml", 1), given)
    same = int(np.sum(np.all(answers == expected, axis=(1, 2, 3))))
    print(
        f"{folder.name}: integers of the chain as in real numbers for {same} of {len(given)} sketches",
        flush=True,
    )
    require(same >= 0.9 * len(given), "OpenVINO's chain gives other integers")


def answers_of(runtime, given):
    run = runtime.prepare(1)
    return np.concatenate([run(one[None]).copy() for one in given])


if __name__ == "__main__":
    main(*sys.argv[1:])
