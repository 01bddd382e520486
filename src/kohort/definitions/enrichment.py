"""What a score of the kind `enrichment` declares: a table of open data, and the trait that people are joined by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from kohort.definitions.families import Family
from kohort.definitions.fields import Fields
from kohort.definitions.places import file_of
from kohort.definitions.values import ValueType

COMMUNES: Final = "kohort:communes"
"""The file that comes with Kohort: code, name, department and population of the communes of France."""

_READ: Final = (ValueType.NUMBER, ValueType.TEXT, ValueType.BOOLEAN, ValueType.MOMENT)
_SIGNS: Final = (".", ",")


class _About(NamedTuple):
    source: str
    licence: str
    date: str


_OURS: Final[Mapping[str, _About]] = {
    COMMUNES: _About("INSEE, legal populations", "Licence Ouverte 2.0", "2026-03-09"),
}


@dataclass(frozen=True)
class JoinedColumn:
    """A column of the table and the trait that it becomes, with its type."""

    trait: str
    column: str
    kind: ValueType


@dataclass(frozen=True)
class EnrichmentDefinition:
    """A table in `file`, CSV or Parquet, whose column `column` has values of the trait `key`.

    People get `traits` of the row that has their key, whose `family` is geographic unless another is declared.
    `source`, `licence` and `date` say whose data they are, how they may be used, and of which day they tell.
    `delimiter`, `decimal` and `missing` say how a CSV file is written: what stands between columns, the decimal sign,
    and the texts that say that a value is not known.
    """

    name: str
    key: str
    file: str
    column: str
    traits: tuple[JoinedColumn, ...]
    source: str
    licence: str
    date: date
    family: Family = Family.GEOGRAPHIC
    delimiter: str = ","
    decimal: str = "."
    missing: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The traits that are looked at."""
        return (self.key,)

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the project that are read."""
        return () if self.file in _OURS else (self.file,)


def enrichment_of(fields: Fields) -> EnrichmentDefinition:
    """Read a score of the kind `enrichment`; raises DefinitionError.

    >>> document = {
    ...     "name": "insee", "key": "commune", "file": "kohort:communes", "column": "code",
    ...     "traits": {"commune_population": {"column": "population", "type": "number"}},
    ... }
    >>> enrichment_of(Fields(document, "scores/insee.yaml")).date.isoformat()
    '2026-03-09'
    """
    file = fields.text("file")
    ours = _OURS.get(file)
    file = file if ours is not None else file_of(fields, "file", f"{COMMUNES}, or a CSV or Parquet file")
    key = fields.text("key")
    found = EnrichmentDefinition(
        name=fields.text("name"),
        key=key,
        file=file,
        column=fields.text("column", default=key),
        traits=_traits(fields),
        source=fields.text("source", default=ours and ours.source),
        licence=fields.text("licence", default=ours and ours.licence),
        date=fields.build("date", date.fromisoformat, default=ours and ours.date),
        family=fields.build("family", _family, default=Family.GEOGRAPHIC.value),
        delimiter=fields.text("delimiter", default=","),
        decimal=fields.text("decimal", default="."),
        missing=fields.texts("missing", default=()),
    )
    if len(found.delimiter) != 1:
        raise fields.wrong("delimiter", "one character", found.delimiter)
    if found.decimal not in _SIGNS:
        raise fields.wrong("decimal", "a point or a comma", found.decimal)
    if any(one.trait == key for one in found.traits):
        raise fields.wrong("traits", f"traits beside {key}, by which people are joined", key)
    return found


def _traits(fields: Fields) -> tuple[JoinedColumn, ...]:
    inner = fields.inner("traits")
    if inner is None or not inner.names():
        raise fields.wrong("traits", "traits, each with its column and type", None)
    return tuple(_trait(inner, name) for name in inner.names())


def _trait(traits: Fields, name: str) -> JoinedColumn:
    inner = traits.inner(name)
    if inner is None:
        raise traits.wrong(name, "its column and type", None)
    text = inner.text("type")
    if text not in set(_READ):
        raise inner.wrong("type", "one of " + ", ".join(_READ), text)
    column = JoinedColumn(name, inner.text("column", default=name), ValueType(text))
    inner.refuse_unknown()
    return column


def _family(text: str) -> Family:
    if text not in set(Family):
        raise ValueError(f"expected one of {', '.join(Family)}, got {text!r}")
    return Family(text)
