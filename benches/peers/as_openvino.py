"""A packed model whose binary layers are OpenVINO's own `BinaryConvolution`.

It takes bits that a `FakeQuantize` with two levels, 0 and 1, has made, and gives integers. OpenVINO
has nothing for the sum of a layer's inputs, so that every filter's two values must be opposite. Then
a sign, with the normalization before it, is the threshold of a `FakeQuantize`.
"""

import numpy as np
import openvino as ov
from openvino import opset13 as ops


def whole(network):
    given = ops.parameter([1, *network.nodes[0].shape], np.float32, name=network.nodes[0].name)
    logits = Builder(network, {0: given}).value(len(network.nodes) - 1)
    return ov.Model([ops.reshape(logits, [0, -1], special_zero=True)], [given], network.architecture)


def chain(network):
    """From what the first binary layer's normalization reads to the integers of the last one."""
    first, last = ends_of_chain(network)
    given = ops.parameter([1, *first.shape], np.float32, name="given")
    builder = Builder(network, {network.nodes.index(first): given})
    integers, _ = builder.unscaled(network.nodes.index(last))
    return ov.Model([integers], [given], network.architecture + "-chain")


def ends_of_chain(network):
    binary = [node for node in network.nodes if is_binary(node)]
    norm = network.input(network.input(binary[0]))
    return network.input(norm), binary[-1]


def is_binary(node):
    return node.type == "conv2d" and node.op["precision"] == "fbin"


class Builder:
    def __init__(self, network, given):
        self.network = network
        #: By node: an output, and what its channels are still to be multiplied by, or None.
        self.made = {i: (output, None) for i, output in given.items()}

    def value(self, i):
        output, scale = self.unscaled(i)
        return output if scale is None else ops.multiply(output, channels(scale))

    def unscaled(self, i):
        """The scale of a binary layer waits: a threshold that follows can take it in."""
        node = self.network.nodes[i]
        if node.type == "dropout":
            return self.unscaled(node.inputs[0])
        if i not in self.made:
            self.made[i] = self.make(node)
            self.made[i][0].node.set_friendly_name(node.name)
        return self.made[i]

    def make(self, node):
        network, inputs = self.network, node.inputs
        if is_binary(node):
            alpha, beta = network.two_values(node)
            assert np.array_equal(alpha, -beta) and node.op.get("groups", 1) == 1, node.name
            bits = ops.binary_convolution(
                self.value(inputs[0]),
                u1(network.signs(node)),
                mode="xnor-popcount",
                pad_value=0.0,
                **window(node),
            )
            return bits.output(0), alpha
        if node.type == "sign":
            return self.sign(node), None
        if node.type == "max_pool":
            output, scale = self.unscaled(inputs[0])
            if scale is not None and np.any(scale < 0):
                output, scale = self.value(inputs[0]), None
            return ops.max_pool(output, kernel_shape=square(node, "kernel"), **window(node)).output(0), scale
        return self.real([self.value(i) for i in inputs], node).output(0), None

    def real(self, inputs, node):
        match node.type:
            case "conv2d":
                assert node.op.get("groups", 1) == 1, node.name
                return ops.convolution(inputs[0], self.network.weights(node), **window(node))
            case "batch_norm":
                scale, shift = map(channels, self.network.affine(node))
                return ops.add(ops.multiply(inputs[0], scale), shift)
            case "relu":
                return ops.relu(inputs[0])
            case "avg_pool":
                return ops.avg_pool(
                    inputs[0],
                    kernel_shape=square(node, "kernel"),
                    exclude_pad=True,
                    **window(node, dilated=False),
                )
            case "global_avg_pool":
                return ops.reduce_mean(inputs[0], np.array([2, 3]), keep_dims=True)
            case "add":
                return ops.add(*inputs)
            case "concat":
                return ops.concat(inputs, axis=1)
            case other:
                raise ValueError(f"{node.name}: how to write {other} is not known here")

    def sign(self, node):
        """1 where a normalization of the input is not negative, 0 elsewhere."""
        norm = self.network.input(node)
        assert norm.type == "batch_norm", node.name
        scale, shift = self.network.affine(norm)
        output, pending = self.unscaled(norm.inputs[0])
        factor = scale if pending is None else scale * pending
        threshold = -shift / factor
        # FakeQuantize gives its upper value above the threshold, not at it. What has a scale pending
        # is an integer.
        upward = np.nextafter(threshold, -np.inf) if pending is None else np.ceil(threshold) - np.float32(0.5)
        downward = threshold if pending is None else np.floor(threshold) + np.float32(0.5)
        threshold, upper = np.where(factor > 0, upward, downward), np.where(factor > 0, 1, 0)
        levels = [channels(values) for values in (threshold, threshold, 1 - upper, upper)]
        return ops.fake_quantize(output, *levels, levels=2).output(0)


def channels(values):
    return ops.constant(np.asarray(values, np.float32).reshape(1, -1, 1, 1))


def u1(signs):
    """Bits `[out, in, kernel, kernel]` as a constant, least significant first."""
    tensor = ov.Tensor(ov.Type.u1, ov.Shape(list(signs.shape)))
    tensor.data[:] = np.packbits(signs.reshape(-1), bitorder="little").reshape(tensor.data.shape)
    return ov.op.Constant(tensor)


def square(node, field):
    return [node.op.get(field, 0)] * 2


def window(node, dilated=True):
    padding = square(node, "padding")
    dilations = {"dilations": [1, 1]} if dilated else {}
    return {"strides": square(node, "stride"), "pads_begin": padding, "pads_end": padding, **dilations}
