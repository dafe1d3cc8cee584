"""Data sets of sketches: folders and archives of pictures, Quick, Draw!, TU-Berlin, Sketchy, as ``dabnet data`` reads them."""

from __future__ import annotations

import json
import os
from typing import Any

from ._program import run

__all__ = ["import_sketches", "inspect", "render", "split"]

Path = str | os.PathLike


def import_sketches(*sources: Path, out: Path, **options: Any) -> dict[str, Any]:
    """Imports sketches in any known format as the data set ``out``, and says what is in it, as :func:`inspect` does.

    ``options`` are those of ``dabnet data import``. Raises :class:`dabnet.CommandError`.
    """
    run("data", "import", *sources, out=out, **options)
    return inspect(out)


def inspect(data: Path) -> dict[str, Any]:
    """What is in a data set: classes, parts, strokes, what is broken or there twice."""
    return json.loads(run("data", "inspect", data, json=True))


def split(data: Path, **options: Any) -> dict[str, Any]:
    """Splits a data set into parts, as in ``test=10, validation=5``, sketches of each class, and says what is in it."""
    run("data", "split", data, **options)
    return inspect(data)


def render(data: Path, out: Path, **options: Any) -> None:
    """Draws sketches of a data set into the picture ``out``, as ``augment="light"`` varies them or as they are."""
    run("data", "render", data, out=out, **options)
