"""What a file in `scores/` declares of recency, frequency and monetary value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.fields import Fields

LEVELS: Final = 5
"""Levels of an axis unless declared; Kohort's own cells are of as many on each."""
RFM_AXES: Final = ("recency", "frequency", "monetary")
Levels = tuple[int, int, int]
"""How many scores recency, frequency and monetary value have."""
Scores = tuple[int, int]
"""The lowest and the highest score, both included."""


@dataclass(frozen=True)
class RfmCellDefinition:
    """A named cell of RFM scores, made of boxes (recency, frequency, monetary)."""

    name: str
    label: Mapping[str, str]
    boxes: tuple[tuple[Scores, Scores, Scores], ...]


@dataclass(frozen=True)
class RfmDefinition:
    """Recency, frequency and monetary value of `event`, whose property `value` is the money.

    Traits written: `{name}_recency`, `_frequency`, `_monetary` (1 to the `levels` of the axis), `_score`, `_cell`.
    `window` in microseconds is how far back orders count. `limits` are thresholds by axis (days, orders, money),
    rising, one fewer than the levels; an axis without any is scored by quantiles. `cells` names ranges of scores;
    without any, Kohort's own.
    """

    name: str
    event: str
    value: str
    levels: Levels = (LEVELS, LEVELS, LEVELS)
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    window: int = 365 * DAY
    limits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    cells: tuple[RfmCellDefinition, ...] = ()


def rfm_of(fields: Fields) -> RfmDefinition:
    """Read a score of the kind `rfm`; raises DefinitionError with the field of what is wrong."""
    levels = _levels(fields)
    cells = tuple(_cell(one, levels) for one in fields.items("cells"))
    if not cells and levels != (LEVELS,) * len(RFM_AXES):
        raise fields.wrong("cells", f"cells of your own, for Kohort's are of {LEVELS} levels on each axis", None)
    return RfmDefinition(
        name=fields.text("name", default="rfm"),
        event=fields.text("event"),
        value=fields.text("value"),
        levels=levels,
        weights=_weights(fields.inner("weights")),
        window=fields.build("window", parse_duration, default="365 days"),
        limits=_limits(fields.inner("limits"), levels),
        cells=cells,
    )


def _levels(fields: Fields) -> Levels:
    """Return the levels of each axis: one number for all, or by axis, 5 where none is told."""
    each = fields.inner("levels") if isinstance(fields.value("levels"), Mapping) else None
    found = []
    for axis in RFM_AXES:
        where, name = (fields, "levels") if each is None else (each, axis)
        count = where.integer(name, default=LEVELS)
        if count < 2:  # noqa: PLR2004 - one level tells nobody apart
            raise where.wrong(name, "two levels or more", count)
        found.append(count)
    if each is not None:
        each.refuse_unknown()
    return found[0], found[1], found[2]


def _cell(fields: Fields, levels: Levels) -> RfmCellDefinition:
    boxes = [
        tuple(_range(box, axis, count) for axis, count in zip(RFM_AXES, levels, strict=True))
        for box in fields.items("scores")
    ]
    if not boxes:
        raise fields.wrong("scores", "a list of ranges, each with recency, frequency or monetary", None)
    cell = RfmCellDefinition(fields.text("name"), fields.languages("label"), tuple((r, f, m) for r, f, m in boxes))
    fields.refuse_unknown()
    return cell


def _range(box: Fields, axis: str, levels: int) -> Scores:
    value = box.value(axis)
    if value is None:
        return 1, levels
    low, high = value if isinstance(value, list) and len(value) == 2 else (value, value)  # noqa: PLR2004 - low and high
    if not (isinstance(low, int) and isinstance(high, int) and 1 <= low <= high <= levels):
        raise box.wrong(axis, f"a score or two from 1 to {levels}, such as [4, {levels}]", value)
    return low, high


def _limits(fields: Fields | None, levels: Levels) -> dict[str, tuple[float, ...]]:
    """Return the thresholds of each axis that has any."""
    found: dict[str, tuple[float, ...]] = {}
    for axis, count in zip(RFM_AXES, levels, strict=True) if fields is not None else ():
        values = fields.value(axis) if fields is not None else None
        if values is None or fields is None:
            continue
        numbers = values if isinstance(values, list) else [values]
        told = [float(one) for one in numbers if isinstance(one, int | float) and not isinstance(one, bool)]
        rising = all(low < high for low, high in pairwise(told))
        if len(told) != len(numbers) or len(told) != count - 1 or not rising:
            raise fields.wrong(axis, f"{count - 1} numbers, each greater than the one before", values)
        found[axis] = tuple(told)
    if fields is not None:
        fields.refuse_unknown()
    return found


def _weights(fields: Fields | None) -> tuple[float, float, float]:
    if fields is None:
        return (1.0, 1.0, 1.0)
    weights = (fields.number("recency"), fields.number("frequency"), fields.number("monetary"))
    fields.refuse_unknown()
    return weights
