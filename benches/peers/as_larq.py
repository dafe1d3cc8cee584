"""Converts networks for Larq Compute Engine and checks what it makes of them.

usage: as_larq.py FOLDER...

In each folder, `sign.safetensors` becomes `larq.tflite`, and `larq.json` says how well its logits
agree with ours.
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import larq
import larq_compute_engine
import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file

from agreement import agreement
from network import Network
from runtimes import Larq

EPSILON = 1e-5
layers = tf.keras.layers


def main(*folders):
    for folder in map(pathlib.Path, folders):
        model = keras_model(Network(folder / "sign.safetensors"))
        path = folder / "larq.tflite"
        path.write_bytes(larq_compute_engine.convert_keras_model(model))
        sketches = load_file(folder / "sketches.safetensors")
        runtime = Larq(path, 1)
        answers = runtime.prepare(1)(runtime.arranged(sketches["canvases"]))
        found = agreement(f"{folder.name}: Larq", answers, sketches["logits.sign"])
        (folder / "larq.json").write_text(json.dumps(found.asdict()))


def keras_model(network):
    """The mirror image of a network: Keras pads the end of a row where ours pads its beginning."""
    channels, height, width = network.nodes[0].shape
    values = [layers.Input((height, width, channels), batch_size=1)]
    steps = {
        network.input(network.input(node)).name: node.op["stride"] for node in network.nodes if skips(node)
    }
    for node in network.nodes[1:]:
        inputs = [values[i] for i in node.inputs]
        if node.name in steps:
            inputs = [every(steps[node.name], inputs[0])]
        values.append(output(network, node, inputs))
    return tf.keras.Model(values[0], layers.Flatten()(values[-1]))


def output(network, node, inputs):
    match node.type:
        case "conv2d":
            return convolution(network, node, inputs[0])
        case "batch_norm":
            scale, shift = network.affine(node)
            statistics = [np.zeros_like(scale), np.full_like(scale, 1 - EPSILON)]
            layer = layers.BatchNormalization(epsilon=EPSILON)
            return with_weights(layer, [scale, shift, *statistics], inputs[0])
        case "relu":
            return layers.ReLU()(inputs[0])
        case "sign":
            return layers.Lambda(larq.math.sign)(inputs[0])
        case "max_pool":
            padding = mirrored_padding(node, network.input(node))
            return layers.MaxPool2D(node.op["kernel"], node.op["stride"], padding)(inputs[0])
        case "global_avg_pool":
            return layers.GlobalAveragePooling2D(keepdims=True)(inputs[0])
        case "add":
            return layers.Add()(inputs)
        case "dropout":
            return inputs[0]
        case other:
            raise ValueError(f"{node.name}: how to write {other} is not known here")


def skips(node):
    """Whether it leaves out positions: where a mirror image must begin at another one."""
    return node.type == "conv2d" and node.op["kernel"] == 1 and node.op["stride"] > 1


def every(step, given):
    """Of the positions, those that a convolution will see, taken before its normalization and sign
    because the converter knows a binary convolution by the sign right before it."""
    _, height, width, _ = given.shape
    return given[:, (height - 1) % step :: step, (width - 1) % step :: step]


def convolution(network, node, given):
    weights = network.weights(node)[:, :, ::-1, ::-1].transpose(2, 3, 1, 0)
    stride, padding = node.op["stride"], "valid"
    if skips(node):
        stride = 1
    else:
        padding = mirrored_padding(node, network.input(node))
    groups = node.op.get("groups", 1)
    filters, kernel = weights.shape[-1], weights.shape[0]
    layer = layers.Conv2D(filters, kernel, stride, padding, groups=groups, use_bias=False)
    return with_weights(layer, [weights], given)


def mirrored_padding(node, given):
    """Which of Keras's paddings is this node's, seen in a mirror."""
    kernel, stride, padding = node.op["kernel"], node.op["stride"], node.op.get("padding", 0)
    ends = {(o - 1) * stride + kernel - i - padding for o, i in zip(node.shape[1:], given.shape[1:])}
    if ends == {0} and padding == 0:
        return "valid"
    (end,) = ends
    # Keras pads both sides alike, or the end by one more; and so do we, in a mirror.
    assert 0 <= padding - end <= 1 and node.shape[1] == -(-given.shape[1] // stride), node.name
    return "same"


def with_weights(layer, weights, given):
    result = layer(given)
    layer.set_weights(weights)
    return result


if __name__ == "__main__":
    main(*sys.argv[1:])
