"""What a file in `scores/` declares of recency, frequency and monetary value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.fields import Fields

LEVELS: Final = 5
RFM_AXES: Final = ("recency", "frequency", "monetary")
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

    Traits written: `{name}_recency`, `_frequency`, `_monetary` (1 to `levels`), `_score`, `_cell`.
    `window` in microseconds is how far back orders count. `limits` are thresholds by axis (days, orders, money),
    rising, one fewer than the levels; an axis without any is scored by quantiles. `cells` names ranges of scores;
    without any, Kohort's own.
    """

    name: str
    event: str
    value: str
    levels: int = LEVELS
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    window: int = 365 * DAY
    limits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    cells: tuple[RfmCellDefinition, ...] = ()


def rfm_of(fields: Fields) -> RfmDefinition:
    """Read a score of the kind `rfm`; raises DefinitionError with the field of what is wrong."""
    return RfmDefinition(
        name=fields.text("name", default="rfm"),
        event=fields.text("event"),
        value=fields.text("value"),
        levels=fields.integer("levels", default=LEVELS),
        weights=_weights(fields.inner("weights")),
        window=fields.build("window", parse_duration, default="365 days"),
        limits=_limits(fields.inner("limits"), fields.integer("levels", default=LEVELS)),
        cells=tuple(_cell(one, fields.integer("levels", default=LEVELS)) for one in fields.items("cells")),
    )


def _cell(fields: Fields, levels: int) -> RfmCellDefinition:
    boxes = [tuple(_range(box, axis, levels) for axis in RFM_AXES) for box in fields.items("scores")]
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


def _limits(fields: Fields | None, levels: int) -> dict[str, tuple[float, ...]]:
    """Return the thresholds of each axis that has any."""
    found: dict[str, tuple[float, ...]] = {}
    for axis in RFM_AXES if fields is not None else ():
        values = fields.value(axis) if fields is not None else None
        if values is None or fields is None:
            continue
        numbers = values if isinstance(values, list) else [values]
        told = [float(one) for one in numbers if isinstance(one, int | float) and not isinstance(one, bool)]
        rising = all(low < high for low, high in pairwise(told))
        if len(told) != len(numbers) or len(told) != levels - 1 or not rising:
            raise fields.wrong(axis, f"{levels - 1} numbers, each greater than the one before", values)
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
