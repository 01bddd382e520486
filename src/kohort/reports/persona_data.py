"""What is kept of personas beyond their cards: who they were before, and the rule that comes nearest to them."""

from dataclasses import dataclass

from kohort.clock import Moment
from kohort.learning.wording import Bilingual
from kohort.stats.intervals import Interval


@dataclass(frozen=True)
class PersonaKept:
    """A persona that goes on: how it was called before, and how many of its people it kept (Jaccard)."""

    identity: str
    name: Bilingual
    before: Bilingual
    jaccard: float


@dataclass(frozen=True)
class PersonaBorn:
    """A persona that is new; `split_from` is the identity of the one that most of its people come from, or None."""

    identity: str
    name: Bilingual
    split_from: str | None


@dataclass(frozen=True)
class PersonaGone:
    """A persona that is no more; `merged_into` is the identity of the one that took most of its people, or None."""

    identity: str
    name: Bilingual
    merged_into: str | None


@dataclass(frozen=True)
class Lineage:
    """One generation of personas beside the one before, of the moment `since` (None for the first)."""

    generation: int
    since: Moment | None
    kept: tuple[PersonaKept, ...] = ()
    born: tuple[PersonaBorn, ...] = ()
    gone: tuple[PersonaGone, ...] = ()


@dataclass(frozen=True)
class PersonaRule:
    """The rule that comes nearest to a persona, in the words of each language; measured on people it was not made of.

    `precision` is how many of whom it finds are of the persona, `recall` how many of the persona it finds, `f1` their
    harmonic mean. It `is_poor` where that is too low to speak of a description.
    """

    sentence: Bilingual
    precision: Interval | None
    recall: Interval | None
    f1: Interval
    held_out: int
    is_poor: bool
