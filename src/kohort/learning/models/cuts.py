"""Where a margin must lie for a score to reach a cut: so that bands fall alike wherever the margin is the same."""

import struct
from typing import NamedTuple

import numpy as np

from kohort.learning.models.plain import Part
from kohort.learning.models.scoring import finished
from kohort.learning.models.trees import LARGEST


class MarginCut(NamedTuple):
    """The margin at which a score reaches a cut: from it on where scores rise with the margin, else up to it."""

    margin: float
    rises: bool


def margin_cut(part: Part, cut: float) -> MarginCut | None:
    """Return the margin at which the score of a part becomes `cut` or more.

    None if no margin reaches the cut. Found among all doubles, in 64 halvings.

    >>> from kohort.learning.models.plain import Linear, Link
    >>> found = margin_cut(Part(Linear(np.array([1.0]), 0.0), Link.LOGIT), 0.75)
    >>> round(found.margin, 9), found.rises
    (1.098612289, True)
    """
    rises = _score(part, LARGEST) >= _score(part, -LARGEST)
    most = LARGEST if rises else -LARGEST
    if _score(part, most) < cut:
        return None
    # Of doubles in their order, `above` reaches the cut and `below` does not, or there is none below it.
    below, above = _place(-most), _place(most)
    if _score(part, -most) >= cut:
        return MarginCut(-most, rises)
    while abs(above - below) > 1:
        middle = (above + below) // 2
        if _score(part, _double(middle)) >= cut:
            above = middle
        else:
            below = middle
    return MarginCut(_double(above) + 0.0, rises)


def _score(part: Part, margin: float) -> float:
    # Far out an exponential is infinite, and so is what is asked of it.
    with np.errstate(over="ignore"):
        return float(finished(part, np.array([margin]))[0])


def _place(value: float) -> int:
    """Return the place of a double among all in their order; both zeros have one."""
    (bits,) = struct.unpack("<q", struct.pack("<d", value))
    return int(bits) if bits >= 0 else -(int(bits) & (2**63 - 1))


def _double(place: int) -> float:
    (value,) = struct.unpack("<d", struct.pack("<q", place if place >= 0 else -place))
    return float(value) if place >= 0 else -float(value)
