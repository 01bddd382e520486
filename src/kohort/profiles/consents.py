"""What somebody's choices come to: for each purpose, of each actor the latest, and of those the most restrictive.

An actor is asked in one form or another: by a banner, on paper. The form that spoke last counts, with what it said last
of each of its categories: all those of the purpose must be granted; of two at one moment the refusal counts. Whoever is
known by several actors consents if all of them do that were ever asked. What nobody was asked is unknown, which is no
consent.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from kohort.clock import Moment


class Choice(NamedTuple):
    """What an actor chose of a category in a form, and from when."""

    actor: str
    form: str
    category: str
    effective_at: Moment
    granted: bool


def consent_at(choices: Iterable[Choice], categories: Collection[str], at: Moment) -> bool | None:
    """Return whether a person, whose choices these are, consents to a purpose at a moment; None for no choice by then.

    >>> phone, laptop = Choice("phone", "banner", "ads", 1, True), Choice("laptop", "banner", "ads", 2, False)
    >>> choices = [phone, laptop, laptop._replace(effective_at=3, granted=True)]
    >>> [consent_at(choices, ["ads"], at) for at in range(4)]
    [None, True, False, True]
    """
    latest: dict[tuple[str, str], dict[str, tuple[Moment, bool]]] = {}
    for one in choices:
        if one.category in categories and one.effective_at <= at:
            by_category = latest.setdefault((one.actor, one.form), {})
            # Of two at one moment the refusal is the greater.
            told = (one.effective_at, not one.granted)
            by_category[one.category] = max(by_category.get(one.category, told), told)
    answers: dict[str, tuple[Moment, bool]] = {}
    for (actor, _), by_category in latest.items():
        answer = (
            max(moment for moment, _ in by_category.values()),
            any(refused for _, refused in by_category.values()),
        )
        answers[actor] = max(answers.get(actor, answer), answer)
    return not any(refused for _, refused in answers.values()) if answers else None


def consent_course(choices: Collection[Choice], categories: Collection[str]) -> list[tuple[Moment, bool]]:
    """Return the moments at which consent to a purpose was first told or changed, with what held from then on.

    >>> first = Choice("a", "banner", "ads", 1, True)
    >>> told = [first, first._replace(effective_at=2), first._replace(effective_at=3, granted=False)]
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
