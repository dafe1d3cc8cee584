"""Recognizes freehand sketches with one-bit neural networks, offline, and binarizes the weights of others.

>>> import dabnet
>>> model = dabnet.load("quickdraw-20")
>>> star = [[(50, 0), (79, 90), (2, 35), (98, 35), (21, 90), (50, 0)]]
>>> model.recognize(star, top=1)[0].label
'star'
"""

from __future__ import annotations

import json
import os
from typing import Any, Iterable, NamedTuple, Sequence, Union

import numpy as np

from . import _dabnet

__all__ = ["Binarized", "Guess", "Model", "binarize", "load", "models"]

#: A drawing: strokes, each a sequence of (x, y) or an array ``[points, 2]``; a path or the bytes of a file that holds one
#: sketch; an array of ``uint8`` pixels, ``[rows, columns]`` or ``[rows, columns, 3 or 4]``; or a picture of Pillow.
Drawing = Union[Sequence[Any], str, os.PathLike, bytes, np.ndarray, Any]


class Guess(NamedTuple):
    """A label, and how likely the network has it."""

    label: str
    probability: float


class Binarized(NamedTuple):
    """Weights as two values a filter: ``alpha`` where ``upper``, ``beta`` elsewhere."""

    #: Upper value of each filter, ``[filters]`` of float32.
    alpha: np.ndarray
    #: Lower value of each filter, ``[filters]`` of float32.
    beta: np.ndarray
    #: True for weights of the upper part, of the shape of the weights.
    upper: np.ndarray
    #: Number of weights of each filter's upper part, ``[filters]``.
    count: np.ndarray

    @property
    def dense(self) -> np.ndarray:
        """The weights with each replaced by its value, float32 of their shape."""
        return np.where(self._filters(self.upper), self.alpha[:, None], self.beta[:, None]).reshape(self.upper.shape)

    def relative_error(self, weights: Any) -> np.ndarray:
        """Squared error of each filter relative to that of zeros, ``[filters]``; 0 for a filter of zeros."""
        weights = self._filters(_array(weights)).astype(np.float64)
        error = np.square(weights - self._filters(self.dense)).sum(axis=1)
        norm = np.square(weights).sum(axis=1)
        return np.divide(error, norm, out=np.zeros_like(error), where=norm > 0)

    def _filters(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(len(self.alpha), -1)


class Model:
    """A packed model. One may be used by any number of threads; none of its methods holds the interpreter's lock while
    it computes."""

    def __init__(self, model: str | os.PathLike) -> None:
        """Opens the model of a name, or that at a path, its file or its folder.

        Raises ``FileNotFoundError`` where there is neither, ``ValueError`` where the file is no model.
        """
        self._model = _dabnet.Model(model)

    @property
    def labels(self) -> list[str]:
        """Labels, in the order of the network's outputs."""
        return self._model.labels

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of what the network sees."""
        return self._model.input_shape

    @property
    def preprocessing(self) -> str:
        """How the model sees a sketch, for people."""
        return self._model.preprocessing

    @property
    def provenance(self) -> dict[str, Any]:
        """What is known of its making."""
        return json.loads(self._model.provenance)

    def recognize(self, drawing: Drawing, top: int = 5, views: int = 1) -> list[Guess]:
        """The likeliest labels of a drawing, the likeliest first.

        ``views`` averages over so many views of it, as many times slower and more often right. Raises ``ValueError``
        where nothing is drawn or a file cannot be read, ``TypeError`` where it is no drawing.
        """
        return [Guess(*guess) for guess in self._model.recognize(drawing, top, views)]

    def recognize_file(self, file: str | os.PathLike | bytes, top: int = 5, views: int = 1) -> list[list[Guess]]:
        """The likeliest labels of every sketch in a file. Raises ``ValueError`` where it cannot be read."""
        found = self._model.recognize_file(file, top, views)
        return [[Guess(*guess) for guess in guesses] for guesses in found]

    def recognize_batch(
        self, drawings: Iterable[Drawing], top: int = 1, views: int = 1, threads: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Classes and probabilities of many drawings, ``[drawings, top]`` of int64 and float32, the likeliest first.

        ``threads`` is 0 for one per core. Raises as :meth:`recognize` does.
        """
        return self._model.recognize_batch(drawings, top, views, threads)

    def logits(self, drawing: Drawing, views: int = 1) -> np.ndarray:
        """The network's answer to a drawing, ``[labels]`` of float32, before the softmax."""
        return self._model.logits(drawing, views)

    def canvas(self, drawing: Drawing) -> np.ndarray:
        """What the network sees of a drawing, float32 of :attr:`input_shape`."""
        return self._model.canvas(drawing)

    def run(self, canvases: np.ndarray, threads: int = 0) -> np.ndarray:
        """Logits ``[canvases, labels]`` of what :meth:`canvas` gives, several of them stacked."""
        canvases = np.ascontiguousarray(canvases, dtype=np.float32)
        if canvases.shape[1:] != self.input_shape:
            raise ValueError(f"canvases are [canvases, {', '.join(map(str, self.input_shape))}], not {canvases.shape}")
        return self._model.run(canvases.reshape(len(canvases), -1), threads)

    def __repr__(self) -> str:
        return repr(self._model)


def load(model: str | os.PathLike = "quickdraw-345") -> Model:
    """The model of a name (see :func:`models`), or that at a path, its file or its folder."""
    return Model(model)


def models() -> list[str]:
    """Names of the models that are in the package, the most useful one first."""
    return _dabnet.model_names()


def binarize(weights: Any, scheme: str = "dab", granularity: str = "filter") -> Binarized:
    """Weights as the two values that fit them best, by filter.

    ``weights`` is an array of floats, or a tensor of PyTorch or another library (DLPack), with filters along its first
    axis. ``scheme`` is ``"dab"`` (the optimum), ``"sign"`` (±1 times the mean of absolute values), ``"mean"`` or
    ``"dab-published"``; ``granularity`` is ``"filter"`` or ``"tensor"``. Raises ``ValueError`` for weights that are not
    finite, or none.

    >>> two = binarize([[0.9, 1.1, -0.2, 0.0, 0.2]])
    >>> float(two.alpha[0]), int(two.count[0])
    (1.0, 2)
    """
    array = _array(weights)
    if array.ndim == 0 or array.size == 0:
        raise ValueError("there are no filters: weights need an axis for them, and none may be empty")
    if granularity not in ("filter", "tensor"):
        raise ValueError(f"granularity {granularity!r} is unknown: give 'filter' or 'tensor'")
    rows = array.reshape(1 if granularity == "tensor" else len(array), -1)
    alpha, beta, cut, count = _dabnet.binarize(rows, scheme)
    return Binarized(alpha, beta, (rows >= cut[:, None]).reshape(array.shape), count)


def _array(weights: Any) -> np.ndarray:
    if hasattr(weights, "detach"):
        weights = weights.detach().cpu()
        # NumPy has no bfloat16.
        weights = weights.float() if weights.is_floating_point() else weights
    if not isinstance(weights, np.ndarray) and hasattr(weights, "__dlpack__"):
        weights = np.from_dlpack(weights)
    return np.asarray(weights, dtype=np.float32, order="C")
