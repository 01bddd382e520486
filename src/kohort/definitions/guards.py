"""Guard rails: the limits that a change of segments should keep, declared for a project or for one segment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.fields import Fields
from kohort.errors import DefinitionError, did_you_mean, shorten

_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")

GUARDS: Final[Mapping[str, str]] = {
    "smallest": "fewer people than this",
    "broadest": "a larger share of the population than this",
    "alike": "a larger Jaccard similarity with another segment than this",
    "change": "a larger share of its people than this would enter or leave",
    "empty_for": "nobody in it for longer than this",
}
"""Every guard rail, and when it is broken."""


@dataclass(frozen=True)
class Guards:
    """Limits by the name of the guard rail, and which of them stop an `apply`; the others warn.

    `smallest` is a number of people; `broadest`, `alike` and `change` are shares from 0 to 1; `empty_for` is in
    microseconds. A limit of None is off; one that is missing, and a `stop` of None, is the project's, or Kohort's.
    """

    limits: Mapping[str, float | None] = field(default_factory=dict)
    stop: frozenset[str] | None = None

    def refined(self, other: "Guards") -> "Guards":
        """Return these guards with what `other` states instead.

        >>> DEFAULT_GUARDS.refined(Guards({"smallest": None})).limits["smallest"] is None
        True
        """
        return Guards({**self.limits, **other.limits}, self.stop if other.stop is None else other.stop)


DEFAULT_GUARDS: Final = Guards(
    {"smallest": 20, "broadest": 0.6, "alike": 0.9, "change": 0.3, "empty_for": 30 * DAY}, frozenset()
)


def share_of(text: str) -> float:
    """Read a share such as "60 %"; raises ValueError for anything else.

    >>> share_of("2.5 %")
    0.025
    """
    match = _PERCENT.fullmatch(text)
    if not match or float(match[1]) > 100:  # noqa: PLR2004 - a percentage
        raise ValueError(f'"{shorten(text)}" is no share such as "60 %"')
    return float(match[1]) / 100


def guards_of(fields: Fields | None) -> Guards:
    """Read the `guards` of a project or a segment; raises DefinitionError.

    >>> guards_of(Fields({"smallest": 50, "alike": False, "stop": "smallest"}, "kohort.yaml")).limits
    {'smallest': 50.0, 'alike': None}
    """
    if fields is None:
        return Guards()
    limits = {name: _limit(fields, name) for name in GUARDS if fields.value(name) is not None}
    said = fields.value("stop")
    stop = None if said is None else fields.texts("stop") if said else ()
    for name in stop or ():
        if name not in GUARDS:
            raise DefinitionError(
                f'{fields.place("stop")}: unknown guard "{shorten(name)}"; {did_you_mean(name, GUARDS)}'
            )
    fields.refuse_unknown()
    return Guards(limits, None if stop is None else frozenset(stop))


def _limit(fields: Fields, name: str) -> float | None:
    """Read one limit; YAML reads the word `off` as false."""
    if fields.value(name) is False:
        return None
    if name == "smallest":
        return float(fields.integer(name))
    return float(fields.build(name, parse_duration)) if name == "empty_for" else fields.build(name, share_of)
