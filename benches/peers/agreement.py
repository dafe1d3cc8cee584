"""Whether the logits of another engine are ours."""

from dataclasses import asdict, dataclass

import numpy as np

# What arithmetic in another order may change, as a share of the largest logit.
TOLERANCE = 1e-3
# A sign that sees nearly 0 may come out the other way there, and then all that follows is another.
# Of two networks that are not the same, no sketch's logits agree.
ENOUGH = 1 / 3


@dataclass
class Agreement:
    sketches: int
    #: Those whose logits are ours within the tolerance.
    agree: int
    #: The largest difference among those, as a share of the largest logit.
    difference: float

    asdict = asdict


def agreement(what, answers, logits):
    """Ends the program where too few agree."""
    differences = relative(answers, logits)
    agreeing = differences[differences <= TOLERANCE]
    found = Agreement(len(differences), len(agreeing), float(agreeing.max(initial=0)))
    print(f"{what}: {found}", flush=True)
    require(found.agree >= ENOUGH * found.sketches, f"{what} gives other logits")
    return found


def relative(answers, logits):
    return np.abs(answers - logits).max(axis=1) / np.abs(logits).max(axis=1)


def require(holds, otherwise):
    if not holds:
        raise SystemExit(otherwise)
