"""Layers of PyTorch with weights of two values, trained by the straight-through estimator.

``BinaryConv2d`` and ``BinaryLinear`` take the place of ``torch.nn.Conv2d`` and ``torch.nn.Linear``: they keep real weights,
which the optimizer moves, and compute with the two values that fit each filter best. :func:`export` packs a network of them
for the engine.
"""

from __future__ import annotations

import copy
import math
import os
import tempfile
import warnings
from typing import Any, Sequence

import torch
from torch import Tensor, nn

from . import Model
from ._program import run

__all__ = ["BinaryConv2d", "BinaryLinear", "binarize_inputs", "export", "two_values"]


def two_values(weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The two values that fit each filter best: ``alpha`` and ``beta``, ``[filters]`` each, and ``upper``, true where a
    weight is ``alpha``. ``weights`` has filters along its first axis. The same optimum as :func:`dabnet.binarize`, on the
    tensor's device: sorted, the best split is one of the ``n − 1`` between two neighbours.
    """
    filters = weights.detach().flatten(1).double()
    count = filters.shape[1]
    ascending, _ = filters.sort(dim=1)
    below = ascending.cumsum(1)
    total = below[:, -1:]
    if count == 1:
        value = filters[:, 0].to(weights.dtype)
        return value, value, torch.ones_like(weights, dtype=torch.bool)
    lower = torch.arange(1, count, device=weights.device, dtype=torch.double)
    gain = below[:, :-1] ** 2 / lower + (total - below[:, :-1]) ** 2 / (count - lower)
    # Equal weights are never parted.
    gain = gain.masked_fill(ascending[:, 1:] == ascending[:, :-1], -1.0)
    best_gain, best = gain.max(dim=1, keepdim=True)
    beta = below.gather(1, best) / (best + 1)
    alpha = (total - below.gather(1, best)) / (count - best - 1)
    cut = ascending.gather(1, best + 1)
    # A filter of one value has no split.
    single = best_gain < 0
    cut = torch.where(single, ascending[:, :1], cut)
    alpha = torch.where(single, ascending[:, :1], alpha)
    beta = torch.where(single, ascending[:, :1], beta)
    upper = (filters >= cut).view_as(weights)
    return alpha[:, 0].to(weights.dtype), beta[:, 0].to(weights.dtype), upper


class _TwoValues(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, weights: Tensor) -> Tensor:
        alpha, beta, upper = two_values(weights)
        shape = (-1,) + (1,) * (weights.dim() - 1)
        return torch.where(upper, alpha.view(shape), beta.view(shape))

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return gradient


class _Sign(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        context.save_for_backward(values)
        return torch.where(values >= 0, 1.0, -1.0).to(values.dtype)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (values,) = context.saved_tensors
        return gradient * (values.abs() <= 1)


class _Levels(torch.autograd.Function):
    """Rounding to unsigned levels at multiples of a learned step (Esser et al., *Learned step size quantization*, ICLR 2020)."""

    @staticmethod
    def forward(context: Any, values: Tensor, step: Tensor, highest: int) -> Tensor:
        context.save_for_backward(values, step)
        context.highest = highest
        return _levels(values, step, highest)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        values, step = context.saved_tensors
        steps = values / step
        inside = (steps >= 0) & (steps <= context.highest)
        level = torch.clamp(torch.floor(steps + 0.5), 0, context.highest)
        slope = torch.where(inside, level - steps, level)
        scale = (values.numel() * context.highest) ** -0.5
        return gradient * inside, (gradient * slope).sum().view_as(step) * scale, None


def _levels(values: Tensor, step: Tensor, highest: int) -> Tensor:
    return torch.clamp(torch.floor(values / step + 0.5), 0, highest) * step


def binarize_inputs(values: Tensor) -> Tensor:
    """Signs, +1 for 0; gradients pass where a value is within ±1."""
    return _Sign.apply(values)


class _BinaryLayer(nn.Module):
    """The inputs of a binary layer: as they are, signs, or unsigned levels of two to four bits with a learned step."""

    def _set_inputs(self, binary_inputs: bool, input_bits: int) -> None:
        if not 1 <= input_bits <= 4:
            raise ValueError(f"input_bits is {input_bits}: give 1 to 4")
        self.binary_inputs = binary_inputs
        self.input_bits = input_bits
        if binary_inputs and input_bits > 1:
            # Not a number until the first batch says how large inputs are.
            self.step = nn.Parameter(torch.full((1,), math.nan))

    def _inputs(self, values: Tensor) -> Tensor:
        if not self.binary_inputs:
            return values
        if self.input_bits == 1:
            return binarize_inputs(values)
        highest = 2**self.input_bits - 1
        if torch.isnan(self.step).item():
            with torch.no_grad():
                self.step.fill_(max(2 * values.abs().mean().item() / highest**0.5, 1e-6))
        return _Levels.apply(values, self.step, highest)


class BinaryConv2d(_BinaryLayer, nn.Conv2d):
    """A convolution with two values a filter. With ``binary_inputs`` it reads signs, or with ``input_bits`` of 2 to 4 unsigned
    levels of a learned step, for which what it reads should not be negative."""

    def __init__(self, *arguments: Any, binary_inputs: bool = True, input_bits: int = 1, **options: Any) -> None:
        nn.Conv2d.__init__(self, *arguments, **options)
        self._set_inputs(binary_inputs, input_bits)

    def forward(self, values: Tensor) -> Tensor:
        return self._conv_forward(self._inputs(values), _TwoValues.apply(self.weight), self.bias)


class BinaryLinear(_BinaryLayer, nn.Linear):
    """A matrix product with two values a row; inputs as of :class:`BinaryConv2d`."""

    def __init__(self, *arguments: Any, binary_inputs: bool = True, input_bits: int = 1, **options: Any) -> None:
        nn.Linear.__init__(self, *arguments, **options)
        self._set_inputs(binary_inputs, input_bits)

    def forward(self, values: Tensor) -> Tensor:
        return nn.functional.linear(self._inputs(values), _TwoValues.apply(self.weight), self.bias)


def export(
    module: nn.Module,
    example: Tensor,
    out: str | os.PathLike,
    labels: Sequence[str] | None = None,
    **options: Any,
) -> Model:
    """Packs a trained network into the folder ``out``, bits and two values a filter, and returns it as a model.

    ``example`` is an input, ``[1, 1, side, side]``; the network is taken as it is in evaluation. ``labels`` name its
    outputs. ``options`` are those of ``dabnet import``: how a sketch becomes the input, as ``line_width=0.03``, and
    ``force=True`` to replace what is there. Raises :class:`dabnet.CommandError` for layers that the engine does not have.
    """
    plain = copy.deepcopy(module).cpu().eval()
    for name, layer in list(plain.named_modules()):
        if isinstance(layer, _BinaryLayer):
            parent, _, last = name.rpartition(".")
            if not name:
                plain = _Plain(layer)
            else:
                setattr(plain.get_submodule(parent), last, _Plain(layer))
    with tempfile.TemporaryDirectory() as folder:
        network = os.path.join(folder, "network.onnx")
        with warnings.catch_warnings():
            # The exporter that needs no further package says of itself that it is the older one.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                plain,
                (example.detach().cpu(),),
                network,
                dynamo=False,
                opset_version=17,
                input_names=["canvas"],
                output_names=["logits"],
                dynamic_axes={"canvas": {0: "batch"}, "logits": {0: "batch"}},
            )
        if labels is not None:
            options["labels"] = os.path.join(folder, "labels.txt")
            with open(options["labels"], "w", encoding="utf-8") as file:
                file.write("\n".join(labels))
        run("import", network, out=out, **options)
    return Model(out)


class _Plain(nn.Module):
    """A binary layer by ops that ONNX has: its two values as weights, and its inputs rounded."""

    def __init__(self, layer: BinaryConv2d | BinaryLinear) -> None:
        super().__init__()
        self.layer = layer
        alpha, beta, upper = two_values(layer.weight)
        shape = (-1,) + (1,) * (layer.weight.dim() - 1)
        self.weight = nn.Parameter(torch.where(upper, alpha.view(shape), beta.view(shape)), requires_grad=False)

    def forward(self, values: Tensor) -> Tensor:
        layer = self.layer
        if layer.binary_inputs and layer.input_bits == 1:
            values = torch.where(values >= 0, 1.0, -1.0)
        elif layer.binary_inputs:
            values = _levels(values, layer.step, 2**layer.input_bits - 1)
        if isinstance(layer, BinaryLinear):
            return nn.functional.linear(values, self.weight, layer.bias)
        return layer._conv_forward(values, self.weight, layer.bias)
