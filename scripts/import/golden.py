"""Networks as other tools export them, with what ONNX Runtime answers: crates/onnx/tests/golden.

    pip install torch onnx onnxscript onnxruntime numpy
    python scripts/import/golden.py crates/onnx/tests/golden

Weights are random, of seeds given here; each file is a few kilobytes. Every network sees the pictures of `picture`,
which the tests draw likewise.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

SIDE = 20
PICTURES = 2


def picture(number):
    at = np.arange(SIDE * SIDE, dtype=np.int64) + 37 * number
    ink = (at * 7919 % 101).astype(np.float32) / np.float32(101)
    return np.where(ink > 0.6, ink, 0).astype(np.float32).reshape(SIDE, SIDE)


class Plain(nn.Module):
    """Batch normalization, biases, max pooling, dense layers."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            # Which no exporter can make a part of the convolution before it.
            nn.BatchNorm2d(8),
            nn.Conv2d(8, 6, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        )
        self.classifier = nn.Sequential(nn.Linear(6 * 16, 12), nn.ReLU(), nn.Dropout(), nn.Linear(12, 7))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


class Residual(nn.Module):
    """Depthwise convolutions, clipped and parametric ReLUs, sums, means of channels."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.expand = nn.Conv2d(8, 24, 1, bias=False)
        self.expand_norm = nn.BatchNorm2d(24)
        self.depthwise = nn.Conv2d(24, 24, 5, padding=2, groups=24)
        self.project = nn.Conv2d(24, 8, 1)
        self.bend = nn.PReLU(8)
        self.one_bend = nn.PReLU()
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.bend(self.stem(x))
        inner = nn.functional.relu6(self.expand_norm(self.expand(x)))
        inner = torch.clamp(self.depthwise(inner), -0.25, 0.5)
        x = self.one_bend(x + self.project(inner))
        return self.head(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Branches(nn.Module):
    """Groups, both means over padding, channels put together, tanh, sigmoid, a softmax at the end."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 4, stride=2, padding=1)
        self.grouped = nn.Conv2d(6, 8, 3, padding=1, groups=2)
        self.without = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.counting = nn.AvgPool2d(3, 1, 1, count_include_pad=True)
        self.rounded = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.head = nn.Conv2d(20, 6, 5)

    def forward(self, x):
        x = torch.tanh(self.stem(x))
        parts = [torch.sigmoid(self.grouped(x)), self.without(x), self.counting(x)]
        x = self.head(self.rounded(torch.cat(parts, 1)))
        return torch.softmax(x.flatten(1), 1)


class Holes(nn.Module):
    """Kernels that are not square, and some with holes; a leaky ReLU; rows and columns averaged."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(1, 4, (3, 5), padding=(1, 2))
        self.tall = nn.Conv2d(4, 4, (4, 1), padding=(1, 0))
        self.holes = nn.Conv2d(4, 6, 3, dilation=2, padding=2)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = nn.functional.leaky_relu(self.tall(torch.relu(self.wide(x))), 0.1)
        return self.head(self.holes(x).mean((2, 3)))


class Colour(nn.Module):
    """Three channels, as networks for photographs have them."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.head = nn.Linear(8 * 100, 3)

    def forward(self, x):
        return self.head(torch.relu(self.stem(x)).flatten(1))


def exported(network, path, channels=1):
    torch.manual_seed(7)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight, part.running_var):
                nn.init.uniform_(values, 0.5, 1.5)
            for values in (part.bias, part.running_mean):
                nn.init.uniform_(values, -0.5, 0.5)
        if isinstance(part, nn.PReLU):
            nn.init.uniform_(part.weight, -0.2, 0.4)
    example = torch.zeros(2, channels, SIDE, SIDE)
    batch = {"x": {0: torch.export.Dim("batch")}}
    torch.onnx.export(
        network.eval(), (example,), str(path), dynamo=True, external_data=False, input_names=["x"],
        output_names=["logits"], dynamic_shapes=batch, verbose=False,
    )
    # What the exporter notes beside the network is of no use here.
    model = onnx.load(path)
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.value_info[:]
    del model.metadata_props[:]
    onnx.save(model, path)


def keras(path):
    """As tf2onnx writes what Keras has: pictures with channels last, weights in constants, a shape computed."""
    random = np.random.default_rng(3)
    weights = lambda *shape: random.uniform(-0.5, 0.5, shape).astype(np.float32)
    constant = lambda name, values: helper.make_node(
        "Constant", [], [name], value=numpy_helper.from_array(values, name)
    )
    initializers = [
        numpy_helper.from_array(weights(6, 1, 3, 3).astype(np.float16).astype(np.float32), "conv/kernel"),
        helper.make_tensor("conv/bias", TensorProto.FLOAT, [6], weights(6).tolist()),
        numpy_helper.from_array(weights(150, 9).astype(np.float64), "dense/kernel.wide"),
        helper.make_tensor("slope", TensorProto.FLOAT16, [9], weights(9).astype(np.float16).tolist()),
    ]
    nodes = [
        helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["first", "conv/kernel", "conv/bias"], ["conv"], auto_pad="SAME_UPPER",
                         strides=[2, 2], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["conv"], ["relu"]),
        helper.make_node("MaxPool", ["relu"], ["pool"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Transpose", ["pool"], ["last"], perm=[0, 2, 3, 1]),
        helper.make_node("Shape", ["last"], ["shape"]),
        constant("zero", np.array([0])),
        constant("one", np.array([1])),
        helper.make_node("Slice", ["shape", "zero", "one", "zero"], ["batch"]),
        constant("flat", np.array([150])),
        helper.make_node("Concat", ["batch", "flat"], ["flattened"], axis=0),
        helper.make_node("Reshape", ["last", "flattened"], ["features"]),
        helper.make_node("Cast", ["dense/kernel.wide"], ["dense/kernel"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["features", "dense/kernel"], ["product"]),
        constant("dense/bias", weights(9)),
        helper.make_node("Add", ["product", "dense/bias"], ["dense"]),
        helper.make_node("Cast", ["slope"], ["slope32"], to=TensorProto.FLOAT),
        helper.make_node("PRelu", ["dense", "slope32"], ["bent"]),
        constant("out/kernel", weights(9, 4)),
        helper.make_node("MatMul", ["bent", "out/kernel"], ["out"]),
        constant("out/bias", weights(1, 4)),
        helper.make_node("Add", ["out/bias", "out"], ["biased"]),
        helper.make_node("Identity", ["biased"], ["same"]),
        helper.make_node("Softmax", ["same"], ["logits"], axis=-1),
    ]
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        nodes, "keras", [value("x", ["n", SIDE, SIDE, 1])], [value("logits", ["n", 4])], initializers
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def classic(path):
    """As exporters of 2019 wrote PyTorch's: old versions of ops, the batch taken out of a shape."""
    random = np.random.default_rng(4)
    weights = lambda low, high, *shape: random.uniform(low, high, shape).astype(np.float32)
    tensors = {
        "conv.weight": weights(-0.5, 0.5, 6, 1, 5, 5),
        "norm.weight": weights(0.5, 1.5, 6),
        "norm.bias": weights(-0.5, 0.5, 6),
        "norm.running_mean": weights(-0.5, 0.5, 6),
        "norm.running_var": weights(0.5, 1.5, 6),
        "hidden.weight": weights(-0.5, 0.5, 8, 6),
        "hidden.bias": weights(-0.5, 0.5, 8),
        "out.weight": weights(-0.5, 0.5, 8, 5),
        "out.bias": weights(-0.5, 0.5, 5),
        "shift": weights(-0.5, 0.5, 6, 1, 1),
        "zero": np.array(0),
        "minus": np.array([-1]),
    }
    names = ["norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"]
    nodes = [
        helper.make_node("Conv", ["x", "conv.weight"], ["conv"], kernel_shape=[5, 5], auto_pad="SAME_LOWER",
                         strides=[2, 2], dilations=[1, 1], group=1),
        helper.make_node("BatchNormalization", ["conv", *names], ["norm"], epsilon=1e-3, momentum=0.9),
        helper.make_node("Clip", ["norm"], ["clip"], min=0.0, max=0.75),
        helper.make_node("Add", ["shift", "clip"], ["shifted"]),
        helper.make_node("GlobalAveragePool", ["shifted"], ["mean"]),
        helper.make_node("Shape", ["mean"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["count"], axis=0),
        helper.make_node("Unsqueeze", ["count"], ["counts"], axes=[0]),
        helper.make_node("Concat", ["counts", "minus"], ["flat"], axis=0),
        helper.make_node("Reshape", ["mean", "flat"], ["features"]),
        helper.make_node("Gemm", ["features", "hidden.weight", "hidden.bias"], ["hidden"], transB=1, alpha=0.5, beta=2.0),
        helper.make_node("Clip", ["hidden"], ["relu"], min=0.0),
        helper.make_node("Dropout", ["relu"], ["dropout"], ratio=0.5),
        helper.make_node("Unsqueeze", ["dropout"], ["column"], axes=[2]),
        helper.make_node("Squeeze", ["column"], ["row"], axes=[2]),
        helper.make_node("Flatten", ["row"], ["flattened"], axis=1),
        helper.make_node("Gemm", ["flattened", "out.weight", "out.bias"], ["out"]),
        helper.make_node("LogSoftmax", ["out"], ["logits"], axis=1),
    ]
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    # Weights were inputs, too.
    initializers = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    inputs = [value("x", [1, 1, SIDE, SIDE])]
    inputs += [helper.make_tensor_value_info(it.name, it.data_type, it.dims) for it in initializers]
    graph = helper.make_graph(nodes, "classic", inputs, [value("logits", [1, 5])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=3)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def uneven(path, source):
    """The residual network, its first convolution padded below and to the right only, as TensorFlow does."""
    model = onnx.load(source)
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    next(it for it in conv.attribute if it.name == "pads").ints[:] = [0, 0, 1, 1]
    onnx.save(model, path)


def answers(path):
    """The logits for each picture: of a softmax at the end, what it reads."""
    model = onnx.load(path)
    last = model.graph.node[-1]
    if last.op_type in ("LogSoftmax", "Softmax"):
        model.graph.node.pop()
        model.graph.output[0].name = last.input[0]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    [entry] = session.get_inputs()
    rows = []
    for number in range(PICTURES):
        seen = picture(number)
        if entry.shape[-1] == 1:
            seen = seen[..., None]
        else:
            seen = np.repeat(seen[None], entry.shape[1], 0)
        rows.append([float(logit) for logit in session.run(None, {entry.name: seen[None]})[0].ravel()])
    return rows


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    for name, network in [("plain", Plain()), ("residual", Residual()), ("branches", Branches()), ("holes", Holes())]:
        exported(network, folder / f"{name}.onnx")
    exported(Colour(), folder / "colour.onnx", channels=3)
    classic(folder / "classic.onnx")
    keras(folder / "keras.onnx")
    uneven(folder / "uneven.onnx", folder / "residual.onnx")
    expected = {path.stem: answers(path) for path in sorted(folder.glob("*.onnx"))}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
