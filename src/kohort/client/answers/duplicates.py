"""Answers about people who may be one."""

from msgspec import Struct


class Weight(Struct, frozen=True):
    """What a comparison says for two people being one, above 0, or against it."""

    comparison: str
    bits: float


class ComparedTrait(Struct, frozen=True):
    """What both people have of a trait; empty where it is not known."""

    trait: str
    left: str
    right: str


class ProposedMerge(Struct, frozen=True):
    """Two people who may be one."""

    left: str
    right: str
    probability: float
    family: bool
    sure: bool
    weights: tuple[Weight, ...]
    traits: tuple[ComparedTrait, ...]


class DecidedPair(Struct, frozen=True):
    """What somebody decided by hand of two people, and holds."""

    at: str
    change: str
    left: str
    right: str
    reason: str


class ProposedMerges(Struct, frozen=True):
    """What is to be decided, the surest first, families last, and what was decided last."""

    at: str
    threshold: float
    total: int
    proposals: tuple[ProposedMerge, ...]
    decided: tuple[DecidedPair, ...]
    next_cursor: str | None


class Decision(Struct, frozen=True):
    """What became of a decision: merged, kept apart, taken back, or as they were."""

    outcome: str
