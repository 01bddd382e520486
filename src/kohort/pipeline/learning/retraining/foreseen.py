"""How much a training would learn from, as plans tell it: read without what learns."""

from dataclasses import dataclass

from kohort.clock import Moment


@dataclass(frozen=True)
class CutOff:
    """So many `rows` of what was known at a moment, and how many of them reached the goal."""

    at: Moment
    rows: int
    reached: int


@dataclass(frozen=True)
class Foreseen:
    """What a training would learn from, before any feature is read: at most so many `rows`.

    `reached` of them are examples of what is learnt, None where nobody says so; `cut_offs` are the moments of a
    prediction, the last of which judges. `lack` says why nothing can be learnt, as far as that is known already.
    """

    rows: int
    reached: int | None = None
    cut_offs: tuple[CutOff, ...] = ()
    lack: str = ""
