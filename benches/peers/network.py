"""A packed model as docs/file-format.md describes it, read without any of the project's code."""

import json
from dataclasses import dataclass

import numpy as np
from safetensors import safe_open


@dataclass
class Node:
    name: str
    op: dict
    inputs: list[int]
    shape: tuple[int, int, int]

    @property
    def type(self):
        return self.op["type"]


class Network:
    """Nodes in the order in which they run, with the shape of what each gives, and parameters."""

    def __init__(self, path):
        with safe_open(path, "numpy") as file:
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}
            graph = json.loads(file.metadata()["graph"])
        self.architecture = graph["architecture"]
        self.nodes = []
        for node in graph["nodes"]:
            inputs = [self.nodes[i].shape for i in node["inputs"]]
            self.nodes.append(Node(**node, shape=output_shape(node["op"], inputs)))

    def input(self, node, which=0):
        return self.nodes[node.inputs[which]]

    def channels_of_filter(self, node):
        return self.input(node).shape[0] // node.op.get("groups", 1)

    def signs(self, node):
        """Which weights of a binary convolution are α: 1 or 0, `[out, in, kernel, kernel]`."""
        kernel, channels = node.op["kernel"], self.channels_of_filter(node)
        n = kernel * kernel * channels
        bits = np.unpackbits(self.tensors[node.name + ".bits"], axis=1, count=n, bitorder="little")
        return bits.reshape(-1, kernel, kernel, channels).transpose(0, 3, 1, 2)

    def two_values(self, node):
        return self.tensors[node.name + ".alpha"], self.tensors[node.name + ".beta"]

    def weights(self, node):
        """Real weights of any convolution, `[out, in, kernel, kernel]`."""
        if node.op["precision"] == "full":
            weights = self.tensors[node.name + ".weight"]
            if node.op.get("weights") != "i8":
                return weights
            return self.tensors[node.name + ".scale"][:, None, None, None] * weights.astype(np.float32)
        alpha, beta = (value[:, None, None, None] for value in self.two_values(node))
        return np.ascontiguousarray(np.where(self.signs(node) == 1, alpha, beta))

    def quantizer(self, node):
        """Step between the levels of a quantizer, and the highest of them."""
        return self.tensors[node.name + ".step"].item(), 2 ** node.op["bits"] - 1

    def affine(self, node):
        """Scale and shift of a batch normalization."""
        return self.tensors[node.name + ".scale"], self.tensors[node.name + ".shift"]


def output_shape(op, inputs):
    match op["type"]:
        case "input":
            shape = op["shape"]
            return shape["channels"], shape["height"], shape["width"]
        case "conv2d":
            return op["out_channels"], *windows(op, inputs[0])
        case "max_pool" | "avg_pool":
            return inputs[0][0], *windows(op, inputs[0])
        case "global_avg_pool":
            return inputs[0][0], 1, 1
        case "concat":
            return sum(shape[0] for shape in inputs), *inputs[0][1:]
        case "batch_norm" | "relu" | "sign" | "quantize" | "dropout" | "add":
            return inputs[0]
        case other:
            raise ValueError(f"what op {other} gives is not known here")


def windows(op, shape):
    return [(side + 2 * op.get("padding", 0) - op["kernel"]) // op["stride"] + 1 for side in shape[1:]]
