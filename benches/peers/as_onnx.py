"""A packed model as ONNX, in real numbers."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Below what every runtime here has learned, and new enough for all that is needed.
OPSET, IR = 17, 8


def build(network, observed=()):
    """For batches of any size. What the `observed` nodes give are further outputs."""
    writer = Writer(network)
    for node in network.nodes[1:]:
        writer.add(node)
    outputs = [writer.logits(network.nodes[-1])]
    outputs += [writer.described(node.name, node.shape) for node in observed]
    given = [writer.described(network.nodes[0].name, network.nodes[0].shape)]
    graph = helper.make_graph(writer.nodes, network.architecture, given, outputs, writer.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model, full_check=True)
    return model


class Writer:
    def __init__(self, network):
        self.network = network
        self.nodes = []
        self.constants = []

    def add(self, node):
        inputs = [self.network.nodes[i].name for i in node.inputs]
        match node.type:
            case "conv2d":
                weights = self.constant(node.name + ".weight", self.network.weights(node))
                groups = node.op.get("groups", 1)
                self.emit(node, "Conv", inputs + [weights], group=groups, **window(node.op))
            case "batch_norm":
                self.emit(node, "BatchNormalization", inputs + self.statistics(node), epsilon=EPSILON)
            case "relu":
                self.emit(node, "Relu", inputs)
            case "sign":
                self.sign(node, inputs)
            case "quantize":
                self.quantize(node, inputs)
            case "max_pool":
                self.emit(node, "MaxPool", inputs, **window(node.op))
            case "avg_pool":
                self.emit(node, "AveragePool", inputs, **window(node.op))
            case "global_avg_pool":
                self.emit(node, "GlobalAveragePool", inputs)
            case "add":
                # Of two only; Sum takes any number, but runtimes fuse Add.
                self.emit(node, "Add" if len(inputs) == 2 else "Sum", inputs)
            case "concat":
                self.emit(node, "Concat", inputs, axis=1)
            case "dropout":
                self.emit(node, "Identity", inputs)
            case other:
                raise ValueError(f"{node.name}: how to write {other} is not known here")

    def emit(self, node, op, inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [node.name], name=node.name, **attributes))

    def statistics(self, node):
        """The form in which a trained network arrives, that runtimes fold into convolutions."""
        scale, shift = self.network.affine(node)
        zeros, ones = np.zeros_like(scale), np.full_like(scale, 1.0 - EPSILON)
        values = {"scale": scale, "shift": shift, "mean": zeros, "variance": ones}
        return [self.constant(f"{node.name}.{name}", value) for name, value in values.items()]

    def sign(self, node, inputs):
        """+1 at 0, which ONNX's own Sign does not give."""
        zero, plus, minus = (
            self.constant(f"{node.name}.{name}", np.float32(value))
            for name, value in (("zero", 0), ("plus", 1), ("minus", -1))
        )
        positive = node.name + ".positive"
        self.nodes.append(helper.make_node("GreaterOrEqual", inputs + [zero], [positive]))
        self.emit(node, "Where", [positive, plus, minus])

    def quantize(self, node, inputs):
        """As docs/file-format.md defines it, op for op."""
        step, highest = self.network.quantizer(node)
        step, half, least, most = (
            self.constant(f"{node.name}.{name}", np.float32(value))
            for name, value in (("step", step), ("half", 0.5), ("least", 0), ("most", highest))
        )
        place, raised, whole, level = (f"{node.name}.{name}" for name in ("place", "raised", "whole", "level"))
        self.nodes += [
            helper.make_node("Div", inputs + [step], [place]),
            helper.make_node("Add", [place, half], [raised]),
            helper.make_node("Floor", [raised], [whole]),
            helper.make_node("Clip", [whole, least, most], [level]),
        ]
        self.emit(node, "Mul", [level, step])

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def described(self, name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])

    def logits(self, node):
        """The last node's elements, as a row."""
        self.nodes.append(helper.make_node("Flatten", [node.name], ["logits"], axis=1))
        return self.described("logits", [int(np.prod(node.shape))])


EPSILON = 1e-5


def window(op):
    padding = [op.get("padding", 0)] * 4
    return {"kernel_shape": [op["kernel"]] * 2, "strides": [op["stride"]] * 2, "pads": padding}
