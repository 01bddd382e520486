"""What all answers share: they are filled by name from what the project returns, and moments are written out."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from kohort.clock import Moment, format_utc
from kohort.definitions.families import Family


class Answer(BaseModel):
    """A part of an answer, filled by name from an object with the same fields.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Epoch:
    ...     at: int
    ...     size: int
    >>> class Found(Answer):
    ...     at: IsoMoment
    ...     size: int
    >>> Found.model_validate(Epoch(0, 3)).model_dump_json()
    '{"at":"1970-01-01T00:00:00.000000+00:00","size":3}'
    """

    model_config = ConfigDict(from_attributes=True, defer_build=True)


def written(moment: Moment | None) -> str | None:
    """Return a moment as answers have it, None for none."""
    return None if moment is None else format_utc(moment)


def _written(moment: object) -> object:
    return format_utc(moment) if isinstance(moment, int) else moment


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        # An exponent is not what people write, and zeroes at the end say nothing.
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return list(value) if isinstance(value, tuple) else value


FAMILY: Final = "What kind of thing the trait says: " + ", ".join(Family) + "."
"""What a field with the family of a trait is described by."""


class HouseText:
    """Marks a text that Kohort itself makes, in English here, which pages say in the language of their reader."""


Said = Annotated[str, HouseText()]
"""Such a text."""
IsoMoment = Annotated[str, BeforeValidator(_written), Field(description="ISO 8601 in UTC, to the microsecond.")]
"""A moment, written out."""
Value = Annotated[str | list[str], BeforeValidator(_shown)]
"""A value as text: a number with every digit, a moment, true or false, or text as it is; or a list of texts."""
