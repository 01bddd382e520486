"""What a source declares of itself beside others: sources that must agree with it, populations it should resemble."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, Final

from kohort.definitions.fields import Fields
from kohort.definitions.guards import share_of
from kohort.definitions.values import LARGEST_MICROS, MICRO, format_micros, micros_of
from kohort.errors import DefinitionError, did_you_mean, shorten

PERSON: Final = "person"
"""What `on` says where two sources have the same people."""
_MOST: Final = 0.05
_FEWEST: Final = 2


@dataclass(frozen=True)
class SourceComparison:
    """The source `other` has the same keys as this one, and the same values of them.

    `on` is the value that is the key, here and there, or "person"; `values` are pairs of values, here and there. More
    than the share `most` of keys that one of them lacks, or of values that differ, is a warning.
    """

    other: str
    on: tuple[str, str]
    values: tuple[tuple[str, str], ...] = ()
    most: float = _MOST


@dataclass(frozen=True)
class ReferencePopulation:
    """The people of a source are spread over the values of a trait as a population is.

    `weights` are its people, or shares, by category. With `bands`, ascending numbers, the categories are what lies
    below the first, from each to the next, and from the last up. `file` is a CSV file that has them in place of
    `weights`: a header, then category and weight.
    """

    trait: str
    weights: tuple[tuple[str, float], ...] = ()
    bands: tuple[float, ...] = ()
    file: str = ""


def comparisons_of(fields: Fields, known: Iterable[str], *, is_event: bool) -> tuple[SourceComparison, ...]:
    """Read `compare:` of a source whose rows become the values `known`, those of an event or of people.

    Raises DefinitionError with the place of what is wrong, and the nearest known name.

    >>> fields = Fields({"compare": [{"with": "crm", "on": "person", "values": ["email"]}]}, "sources/shop.yaml")
    >>> comparisons_of(fields, ["email"], is_event=False)
    (SourceComparison(other='crm', on=('person', 'person'), values=(('email', 'email'),), most=0.05),)
    """
    names = (*known,)
    return tuple(_comparison(one, names, is_event=is_event) for one in fields.items("compare"))


def references_of(fields: Fields) -> tuple[ReferencePopulation, ...]:
    """Read `reference:` of a source; raises DefinitionError.

    >>> fields = Fields({"reference": [{"trait": "sex", "shares": {"f": 52, "m": 48}}]}, "sources/crm.yaml")
    >>> references_of(fields)[0].weights
    (('f', 52.0), ('m', 48.0))
    """
    return tuple(_reference(one) for one in fields.items("reference"))


def band_names(bands: tuple[float, ...]) -> tuple[str, ...]:
    """Return what the categories between bands are called.

    >>> band_names((25, 50.5))
    ('below 25', '25 to 50.5', '50.5 and more')
    """
    said = [format_micros(micros_of(one)) for one in bands]
    between = [f"{low} to {high}" for low, high in pairwise(said)]
    return (f"below {said[0]}", *between, f"{said[-1]} and more")


def _comparison(fields: Fields, known: tuple[str, ...], *, is_event: bool) -> SourceComparison:
    keys = _pairs(fields, "on")
    if len(keys) != 1:
        raise fields.wrong("on", 'one value that both have, or "person"', fields.value("on"))
    values = _pairs(fields, "values") if fields.value("values") is not None else ()
    most = fields.build("most", share_of) if fields.value("most") is not None else _MOST
    found = SourceComparison(fields.text("with"), keys[0], values, most)
    fields.refuse_unknown()
    if (found.on[0] == PERSON) != (found.on[1] == PERSON):
        raise fields.wrong("on", "person on both sides, or a value on both", fields.value("on"))
    if is_event and found.on[0] == PERSON and found.values:
        raise fields.wrong("on", "the value that is the key of an event, since a person has many", PERSON)
    for name, (here, _) in [("on", found.on), *(("values", pair) for pair in found.values)]:
        if here not in known and (name, here) != ("on", PERSON):
            raise DefinitionError(
                f'{fields.place(name)}: no row becomes "{shorten(here)}"; {did_you_mean(here, known)}'
            )
    return found


def _pairs(fields: Fields, name: str) -> tuple[tuple[str, str], ...]:
    """Return the values that a field names: each the same here and there, or with the other's name beside it."""
    given = fields.value(_YAML_ON) if name == "on" and fields.value("on") is None else fields.value(name)
    found: list[tuple[str, str]] = []
    for one in given if isinstance(given, list) else [given]:
        pairs: list[tuple[Any, Any]] = list(one.items()) if isinstance(one, dict) else [(one, one)]
        if not pairs or not all(isinstance(part, str) and part for pair in pairs for part in pair):
            raise fields.wrong(name, "a value, several, or {here: there}", given)
        found += pairs
    return tuple(found)


def _reference(fields: Fields) -> ReferencePopulation:
    trait, file = fields.text("trait"), fields.text("file", default="")
    bands = _bands(fields)
    given = fields.value("shares")
    fields.refuse_unknown()
    if (given is None) == (not file):
        raise fields.wrong("shares", "either shares or a file that has them", given)
    if file:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or "\\" in file or bands:
            raise fields.wrong("file", "a CSV file in the project's folder, and no bands beside it", file)
        return ReferencePopulation(trait, file=file)
    if bands and isinstance(given, list) and len(given) == len(bands) + 1:
        pairs = list(zip(band_names(bands), given, strict=True))
    elif not bands and isinstance(given, dict) and len(given) >= _FEWEST:
        pairs = [(_category(name), weight) for name, weight in given.items()]
    else:
        expected = f"a list of {len(bands) + 1} shares, one more than bands" if bands else "a share for each category"
        raise fields.wrong("shares", expected, given)
    if not all(_is_weight(weight) for _, weight in pairs):
        raise fields.wrong("shares", "shares, or numbers of people, above 0", given)
    return ReferencePopulation(trait, tuple((name, float(weight)) for name, weight in pairs), bands)


def _bands(fields: Fields) -> tuple[float, ...]:
    given = fields.value("bands")
    if given is None:
        return ()
    bands = given if isinstance(given, list) else [given]
    if not bands or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in bands):
        raise fields.wrong("bands", "numbers, such as [25, 50]", given)
    if sorted(set(bands)) != bands or not all(abs(one) < LARGEST_MICROS / MICRO for one in bands):
        raise fields.wrong("bands", "numbers that grow", given)
    return tuple(float(one) for one in bands)


def _category(name: object) -> str:
    return ("true" if name else "false") if isinstance(name, bool) else str(name)


def _is_weight(weight: object) -> bool:
    return isinstance(weight, int | float) and not isinstance(weight, bool) and 0 < weight < math.inf


_YAML_ON: Final = "True"  # YAML 1.1 reads the bare word `on` as a truth value
