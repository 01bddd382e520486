"""What a file in `scores/` declares of demographics: which trait is the birth date, and what told words mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from math import isfinite
from typing import Final

from kohort.definitions.fields import Fields
from kohort.definitions.values import ValueType

BANDS: Final = (18.0, 25.0, 35.0, 45.0, 55.0, 65.0)
COMPUTED: Final = ("age_years", "age_band", "generation")
"""What is computed from a birth date."""


@dataclass(frozen=True)
class HarmonisedTrait:
    """A trait `name` made of the told trait `trait`.

    `values` maps what is told, in small letters, to what it means; `borders` divide numbers into bands. Without either,
    a number is taken as it is. `type` is NUMBER or TEXT.
    """

    name: str
    trait: str
    type: ValueType
    values: Mapping[str, str] = field(default_factory=dict)
    borders: tuple[float, ...] = ()


@dataclass(frozen=True)
class DemographicsDefinition:
    """Demographics: age, age band and generation by the trait `birth_date` ("" for none), and told traits harmonised.

    Traits written: `age_years`, `age_band` (between `bands`, years) and `generation` where there is a birth date, with
    `prefix` before them, and the names of `harmonised`.
    """

    name: str
    birth_date: str = ""
    bands: tuple[float, ...] = BANDS
    harmonised: tuple[HarmonisedTrait, ...] = ()
    prefix: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The told traits that are looked at."""
        told = [one.trait for one in self.harmonised]
        return tuple(dict.fromkeys([self.birth_date, *told] if self.birth_date else told))

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits that are written."""
        computed = [self.prefix + one for one in COMPUTED] if self.birth_date else []
        return (*computed, *(one.name for one in self.harmonised))


def demographics_of(fields: Fields) -> DemographicsDefinition:
    """Read a score of the kind `demographics`; raises DefinitionError.

    >>> told = {"size": {"trait": "household", "type": "number", "values": {5: ["5+", "five"]}}}
    >>> demographics_of(Fields({"harmonise": told}, "scores/a.yaml")).harmonised[0].values
    {'5+': '5', 'five': '5'}
    """
    inner = fields.inner("harmonise")
    found = DemographicsDefinition(
        name=fields.text("name", default="demographics"),
        prefix=fields.text("prefix", default=""),
        birth_date=fields.text("birth_date", default=""),
        bands=_borders(fields, "bands") or BANDS,
        harmonised=tuple(_harmonised(inner, name) for name in inner.names()) if inner else (),
    )
    if not found.columns:
        raise fields.wrong("birth_date", "a trait, or traits to harmonise", None)
    if twice := [one for one in found.traits if one in found.columns or found.traits.count(one) > 1]:
        raise fields.wrong("harmonise", "names that no told or computed trait has", twice[0])
    return found


def _harmonised(traits: Fields, name: str) -> HarmonisedTrait:
    fields = traits.inner(name)
    if fields is None:
        raise traits.wrong(name, "the trait that it is made of, with values, borders or a type", None)
    kind, borders = fields.text("type", default="text"), _borders(fields, "borders")
    if kind not in {ValueType.NUMBER, ValueType.TEXT}:
        raise fields.wrong("type", "number or text", kind)
    found = HarmonisedTrait(name, fields.text("trait"), ValueType(kind), _values(fields, kind), borders)
    if bool(found.values) + bool(borders) + (kind == ValueType.NUMBER) == 0 or (found.values and borders):
        raise fields.wrong("values", "what told words mean, or borders of numbers, or the type number", None)
    if borders and kind == ValueType.NUMBER:
        raise fields.wrong("type", "text: between borders stand bands", kind)
    fields.refuse_unknown()
    return found


def _values(fields: Fields, kind: str) -> dict[str, str]:
    inner, found = fields.inner("values"), dict[str, str]()
    for meaning in inner.names() if inner else ():
        if kind == ValueType.NUMBER and not _is_number(meaning):
            raise fields.wrong("values", "numbers, as the type says", meaning)
        for told in inner.texts(meaning) if inner else ():
            if found.setdefault(told.strip().lower(), meaning) != meaning:
                raise fields.wrong("values", "each told value once", told)
    return found


def _borders(fields: Fields, name: str) -> tuple[float, ...]:
    value = fields.value(name)
    if value is None:
        return ()
    numbers = value if isinstance(value, list) else [value]
    plain = [
        float(one) for one in numbers if isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one)
    ]
    if len(plain) < len(numbers) or not plain or any(low >= high for low, high in pairwise(plain)):
        raise fields.wrong(name, "numbers that grow, such as [18, 25, 35]", value)
    return tuple(plain)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
