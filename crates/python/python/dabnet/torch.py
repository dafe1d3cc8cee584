"""Layers of PyTorch with weights of two values, trained by the straight-through estimator.

``BinaryConv2d`` and ``BinaryLinear`` take the place of ``torch.nn.Conv2d`` and ``torch.nn.Linear``: they keep real weights,
which the optimizer moves, and compute with the two values that fit each filter best.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["BinaryConv2d", "BinaryLinear", "binarize_inputs", "two_values"]


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


def binarize_inputs(values: Tensor) -> Tensor:
    """Signs, +1 for 0; gradients pass where a value is within ±1."""
    return _Sign.apply(values)


class BinaryConv2d(nn.Conv2d):
    """A convolution with two values a filter, and with ``binary_inputs`` of the signs of what it reads."""

    def __init__(self, *arguments: Any, binary_inputs: bool = True, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.binary_inputs = binary_inputs

    def forward(self, values: Tensor) -> Tensor:
        values = binarize_inputs(values) if self.binary_inputs else values
        return self._conv_forward(values, _TwoValues.apply(self.weight), self.bias)


class BinaryLinear(nn.Linear):
    """A matrix product with two values a row, and with ``binary_inputs`` of the signs of what it reads."""

    def __init__(self, *arguments: Any, binary_inputs: bool = True, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.binary_inputs = binary_inputs

    def forward(self, values: Tensor) -> Tensor:
        values = binarize_inputs(values) if self.binary_inputs else values
        return nn.functional.linear(values, _TwoValues.apply(self.weight), self.bias)
