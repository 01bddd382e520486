"""What somebody's choices come to: for each purpose, the most restrictive of the latest.

Whoever is known by several actors, or was asked in several banners, may have said several things. Of each actor and
each category the latest choice counts, of two at one moment the refusal. There is consent if something was granted and
nothing of all this is refused; what nobody was asked is unknown, and that is no consent.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from kohort.clock import Moment


class Choice(NamedTuple):
    """What an actor chose of a banner's category, and from when."""

    actor: str
    category: str
    effective_at: Moment
    granted: bool


def consent_at(choices: Iterable[Choice], categories: Collection[str], at: Moment) -> bool | None:
    """Return whether a person, whose choices these are, consents to a purpose at a moment; None for no choice by then.

    >>> choices = [Choice("phone", "ads", 1, True), Choice("laptop", "ads", 2, False), Choice("laptop", "ads", 3, True)]
    >>> [consent_at(choices, ["ads"], at) for at in range(4)]
    [None, True, False, True]
    """
    latest: dict[tuple[str, str], tuple[Moment, bool]] = {}
    for one in choices:
        if one.category in categories and one.effective_at <= at:
            # Of two at one moment the refusal is the greater.
            told = (one.effective_at, not one.granted)
            key = (one.actor, one.category)
            latest[key] = max(latest.get(key, told), told)
    return not any(refused for _, refused in latest.values()) if latest else None


def consent_course(choices: Collection[Choice], categories: Collection[str]) -> list[tuple[Moment, bool]]:
    """Return the moments at which consent to a purpose was first told or changed, with what held from then on.

    >>> told = [Choice("a", "ads", 1, True), Choice("a", "ads", 2, True), Choice("a", "ads", 3, False)]
    >>> consent_course(told, ["ads"])
    [(1, True), (3, False)]
    """
    moments = sorted({one.effective_at for one in choices if one.category in categories})
    course: list[tuple[Moment, bool]] = []
    for moment in moments:
        holds = bool(consent_at(choices, categories, moment))
        if not course or course[-1][1] != holds:
            course.append((moment, holds))
    return course
