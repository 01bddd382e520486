"""Checks of what has been loaded; each returns findings and changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.definitions.values import ValueType
from kohort.storage.records import Finding

INFO: Final = "info"
WARNING: Final = "warning"
_LISTED: Final = 5
_MOST_ABSENT: Final = 0.1


def check_amounts(event: str, name: str, micros: np.ndarray) -> list[Finding]:
    """Find amounts that are zero and amounts below zero; `micros` are the known values, int64.

    >>> [(one.check, one.count) for one in check_amounts("order_completed", "total", np.array([5, 0, -1, 0]))]
    [('zero amount', 2), ('negative amount', 1)]
    """
    counts = {"zero amount": int((micros == 0).sum()), "negative amount": int((micros < 0).sum())}
    return [
        Finding(
            check=check,
            source="events",
            subject=f"{event}.{name}",
            severity=WARNING,
            count=count,
            share=count / len(micros),
            detail=f"{count:,} of {len(micros):,} {event} have a {check.split()[0]} {name}; they are kept",
        )
        for check, count in counts.items()
        if count
    ]


def check_gaps(event: str, ts: np.ndarray, zone: str) -> list[Finding]:
    """Find days without a single occurrence between the first and the last; `ts` in microseconds, days in `zone`.

    An event that skips more than a tenth of the days is no daily one, and its pauses are no finding.

    >>> day = 86_400_000_000
    >>> [one.detail for one in check_gaps("visit", np.array([*range(18), 20]) * day, "UTC")]
    ['2 of 21 days have no visit: 1970-01-19 to 1970-01-20']
    """
    if len(ts) == 0:
        return []
    local = pa.array(ts, pa.timestamp("us", tz=zone))
    days = pc.unique(pc.floor_temporal(local, unit="day").cast(pa.timestamp("us", tz=zone)))
    present = {one.date() for one in days.to_pylist()}
    first, last = min(present), max(present)
    span = (last - first).days + 1
    absent = [first + timedelta(days=index) for index in range(span) if first + timedelta(days=index) not in present]
    if not absent or len(absent) > span * _MOST_ABSENT:
        return []
    detail = f"{len(absent):,} of {span:,} days have no {event}: {_stretches(absent)}"
    return [Finding("gap in time", "events", event, WARNING, len(absent), len(absent) / span, detail)]


def check_future(event: str, later: int, total: int) -> list[Finding]:
    """Find events dated after the moment of the run; they do not count until their time has come.

    >>> check_future("visit", 2, 10)[0].share
    0.2
    """
    if not later:
        return []
    detail = f"{later:,} of {total:,} {event} are dated after the moment of this run; they do not count yet"
    return [Finding("future event", "events", event, WARNING, later, later / total, detail)]


def check_refused(kind: str, reason: str, values: int, actors: int) -> Finding:
    """Find identifiers that join nobody: blocked values, and those that more people share than one person has.

    >>> check_refused("email", "over the limit", 1, 40).subject
    'email'
    """
    query = f"SELECT value, count(*) FROM identifiers WHERE kind = '{kind}' AND refused IS NOT NULL GROUP BY 1"
    detail = (
        f"{values:,} values of {kind} join nobody ({reason}), though {actors:,} identifiers were seen with them; "
        f'see: kohort sql "{query}"'
    )
    return Finding(f"refused identifier ({reason})", "identity", kind, WARNING, actors, None, detail)


def check_coverage(population: int, known: Mapping[str, int]) -> list[Finding]:
    """Find traits that are missing for part of the people; `known` counts the people who have each.

    >>> check_coverage(10, {"age": 4})[0].detail
    '6 of 10 people (60.0 %) have no age'
    """
    findings = []
    for trait, count in known.items():
        missing = population - count
        if missing and population:
            share = missing / population
            detail = f"{missing:,} of {population:,} people ({share:.1%}) have no {trait}".replace("%", " %")
            findings.append(Finding("missing trait", "traits", trait, INFO, missing, share, detail))
    return findings


def check_types(names: Iterable[tuple[str, str, ValueType]]) -> list[Finding]:
    """Find properties and traits whose type changes; `names` are (event or "", name, type).

    >>> seen = [("visit", "page", ValueType.TEXT), ("visit", "page", ValueType.NUMBER)]
    >>> check_types(seen)[0].detail
    'visit.page has values of several types: number, text; a rule uses those of the type it asks for'
    """
    types: dict[tuple[str, str], set[ValueType]] = {}
    for event, name, kind in names:
        types.setdefault((event, name), set()).add(kind)
    findings = []
    for (event, name), kinds in sorted(types.items()):
        if len(kinds) > 1:
            subject = f"{event}.{name}" if event else name
            listed = ", ".join(sorted(kinds))
            detail = f"{subject} has values of several types: {listed}; a rule uses those of the type it asks for"
            findings.append(Finding("changing type", "events", subject, WARNING, len(kinds), None, detail))
    return findings


def _stretches(days: Sequence[date]) -> str:
    stretches: list[list[date]] = []
    for day in days:
        if stretches and day - stretches[-1][-1] == timedelta(days=1):
            stretches[-1].append(day)
        else:
            stretches.append([day])
    shown = [
        stretch[0].isoformat() + (f" to {stretch[-1].isoformat()}" if len(stretch) > 1 else "")
        for stretch in stretches[:_LISTED]
    ]
    return ", ".join(shown) + (" …" if len(stretches) > _LISTED else "")
