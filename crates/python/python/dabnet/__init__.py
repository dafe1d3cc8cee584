"""Recognizes freehand sketches with one-bit neural networks, offline, and binarizes the weights of others.

>>> import dabnet
>>> model = dabnet.load("quickdraw-20")
>>> star = [[(50, 0), (79, 90), (2, 35), (98, 35), (21, 90), (50, 0)]]
>>> model.recognize(star, top=1)[0].label
'star'
"""

from __future__ import annotations

import json
import math
import os
from typing import Any, Iterable, Mapping, NamedTuple, Sequence, Union

import numpy as np

from . import _dabnet, data
from ._program import CommandError, run

__all__ = ["Binarized", "CommandError", "Guess", "Model", "Run", "binarize", "data", "load", "models", "train"]

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
        where nothing is drawn or a file cannot be read, ``TypeError`` where it is no drawing, ``FileNotFoundError`` where there is no
        file.
        """
        _check(top, views)
        return [Guess(*guess) for guess in self._model.recognize(_numpy(drawing), top, views)]

    def recognize_file(self, file: str | os.PathLike | bytes, top: int = 5, views: int = 1) -> list[list[Guess]]:
        """The likeliest labels of every sketch in a file. Raises ``ValueError`` where it cannot be read."""
        _check(top, views)
        found = self._model.recognize_file(file, top, views)
        return [[Guess(*guess) for guess in guesses] for guesses in found]

    def recognize_batch(
        self, drawings: Iterable[Drawing], top: int = 1, views: int = 1, threads: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Classes and probabilities of many drawings, ``[drawings, top]`` of int64 and float32, the likeliest first.

        ``threads`` is 0 for one per core. Raises as :meth:`recognize` does.
        """
        _check(top, views)
        return self._model.recognize_batch(_several(drawings), top, views, _threads(threads))

    def recognize_arrow(
        self, data: Any, column: str = "drawing", top: int = 1, views: int = 1, threads: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Classes and probabilities of the drawings of a column, ``[rows, top]`` of int64 and float32.

        ``data`` is an array, a column or a table of pyarrow, polars, pandas, DuckDB or whatever else has
        ``__arrow_c_stream__`` or ``__arrow_c_array__``; of a table ``column`` is taken. A drawing there is a list of strokes,
        and a stroke a list of points ``{x, y}`` or ``[x, y]``, or a structure of two lists ``x`` and ``y``; or it is the bytes
        or the text of a file with one sketch. Raises ``ValueError`` where it is something else.
        """
        _check(top, views)
        return self._model.recognize_arrow(data, column, top, views, _threads(threads))

    def logits(self, drawing: Drawing, views: int = 1) -> np.ndarray:
        """The network's answer to a drawing, ``[labels]`` of float32, before the softmax."""
        _check(1, views)
        return self._model.logits(_numpy(drawing), views)

    def is_unknown(self, drawing: Drawing) -> bool | None:
        """Whether a drawing is like none that the model knows a word for, so that its guesses mean nothing.

        1 in 20 drawings of words that it knows is called so, too. None where the model was not calibrated. It is so where the
        energy, the logarithm of the sum of the exponentials of the logits, is below :attr:`least_energy`.
        """
        return self._model.is_unknown(_numpy(drawing))

    @property
    def least_energy(self) -> float | None:
        """Least energy of a drawing of a known word; None where the model was not calibrated."""
        return self._model.least_energy

    def embed(self, drawing: Drawing) -> np.ndarray:
        """The vector that the last layer reads, ``[values]`` of float32.

        Drawings of one kind are near each other in it, whether the model has a label for them or not: to find likenesses,
        or to know more words than the model. Raises as :meth:`recognize` does, and ``ValueError`` for networks that have none.
        """
        return self._model.embed(_numpy(drawing))

    def embed_bits(self, drawing: Drawing) -> np.ndarray | None:
        """The same by one bit a value, ``[values / 8]`` of uint8; None where the model was not calibrated.

        A bit is 1 above the median of the drawings that the model was calibrated on: bit ``i % 8``, counted from the least significant, of byte
        ``i // 8``, as ``np.unpackbits(bits, bitorder="little")`` has them.
        """
        return self._model.embed_bits(_numpy(drawing))

    def teach(self, words: Mapping[str, Iterable[Drawing]]) -> Model:
        """A model that knows these words beside its own, from 1 to some 50 drawings each.

        It takes a fraction of a second and no training; words that were taught before are taught anew. Raises ``ValueError`` for a word
        that it knows from its training, for one without drawings, and where it was not calibrated.
        """
        taught = object.__new__(Model)
        taught._model = self._model.teach([(word, _several(drawings)) for word, drawings in words.items()])
        return taught

    @property
    def taught(self) -> list[str]:
        """Words that it was taught, in the order of the alphabet."""
        return self._model.taught

    def save(self, file: str | os.PathLike) -> None:
        """Saves it to a file, which is replaced as a whole. Raises ``OSError`` where it cannot be written."""
        self._model.save(file)

    def embed_batch(self, drawings: Iterable[Drawing], threads: int = 0) -> np.ndarray:
        """What :meth:`embed` gives of many drawings, ``[drawings, values]`` of float32."""
        return self._model.embed_batch(_several(drawings), _threads(threads))

    def canvas(self, drawing: Drawing) -> np.ndarray:
        """What the network sees of a drawing, float32 of :attr:`input_shape`."""
        return self._model.canvas(_numpy(drawing))

    def run(self, canvases: np.ndarray, threads: int = 0) -> np.ndarray:
        """Logits ``[canvases, labels]`` of what :meth:`canvas` gives, several of them stacked."""
        canvases = np.ascontiguousarray(canvases, dtype=np.float32)
        if canvases.shape[1:] != self.input_shape:
            raise ValueError(f"canvases are [canvases, {', '.join(map(str, self.input_shape))}], not {canvases.shape}")
        if not np.isfinite(canvases).all():
            raise ValueError("a canvas has a value that is no number")
        return self._model.run(canvases.reshape(len(canvases), math.prod(self.input_shape)), _threads(threads))

    def __repr__(self) -> str:
        return repr(self._model)


def _check(top: int, views: int) -> None:
    if top < 1:
        raise ValueError(f"top is {top}: give 1 or more")
    if not 1 <= views <= 8:
        raise ValueError(f"views is {views}: give 1 to 8")


def _threads(threads: int) -> int:
    if not 0 <= threads <= 1024:
        raise ValueError(f"threads is {threads}: give 0, for one per core, to 1024")
    return threads


def _several(drawings: Iterable[Drawing]) -> list[Drawing]:
    if isinstance(drawings, (str, bytes, os.PathLike, dict)):
        raise TypeError("give several drawings, such as a list; recognize_file takes a file of several")
    return [_numpy(drawing) for drawing in drawings]


def _numpy(drawing: Drawing) -> Drawing:
    """Tensors of PyTorch and others as arrays; anything else as it is."""
    if hasattr(drawing, "__dlpack__") and not isinstance(drawing, np.ndarray):
        return np.asarray(drawing.detach().cpu() if hasattr(drawing, "detach") else drawing)
    return drawing


class Run(NamedTuple):
    """A finished training run."""

    #: Folder of the run: the packed model, weights to go on with, curves.
    path: str
    #: What it came to: accuracy on the part to test on, bytes of the file, seconds.
    results: dict[str, Any]

    def load(self) -> Model:
        """The packed model."""
        return Model(self.path)


def train(data: str | os.PathLike, out: str | os.PathLike, *, echo: bool = True, **options: Any) -> Run:
    """Trains a network on a data set, as ``dabnet train`` does, and returns the run in the folder ``out``.

    ``options`` are those of the command: ``start_from="quickdraw-345"``, ``epochs=8``, ``policy="fbin"``. ``echo`` prints
    progress. A run that was stopped goes on where it was. Raises :class:`CommandError` with what is wrong.
    """
    run("train", echo=echo, data=data, out=out, **options)
    with open(os.path.join(out, "results.json"), encoding="utf-8") as results:
        return Run(os.fspath(out), json.load(results))


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
