"""What a search for duplicates is told: what the columns of a table are, and how sure it must be."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from kohort.definitions.fields import Fields
from kohort.errors import UsageError, did_you_mean

THRESHOLD: Final = 0.9
"""The least probability of a link where no labelled pairs choose it: a wrong merge costs more than a missed one."""
MOST_COMPARISONS: Final = 50
"""The most pairs that are compared, times the number of records: a search that grew faster would never end."""


class FieldKind(StrEnum):
    """What a column says of a person; the values are the words of `--fields`."""

    GIVEN_NAME = "given"
    SURNAME = "surname"
    BIRTH_DATE = "birth"
    POSTAL_CODE = "postcode"
    TOWN = "town"
    ADDRESS = "address"
    EMAIL = "email"
    PHONE = "phone"
    TEXT = "text"


@dataclass(frozen=True)
class LinkedField:
    """A column and what it says; `why` is how that is known, for people."""

    kind: FieldKind
    column: str
    why: str = "told"


@dataclass(frozen=True)
class Linkage:
    """How duplicates are looked for.

    `fields` are told, the others guessed, those in `ignored` never used. `threshold` is the least probability of a
    link, from 0 to 1; None leaves it to labelled pairs, or to `THRESHOLD`. `seed` draws the sample from which it is
    learned how often strangers agree. At most `most_comparisons` pairs a record are compared. With `families_apart`,
    two records with one surname, and given names or birth dates that have nothing in common, are never joined: they
    are shown.
    """

    fields: tuple[LinkedField, ...] = ()
    ignored: tuple[str, ...] = ()
    threshold: float | None = None
    seed: int = 1
    most_comparisons: int = MOST_COMPARISONS
    families_apart: bool = True

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise UsageError(f"the threshold is a probability above 0 and below 1, not {self.threshold}")
        if self.most_comparisons < 1:
            raise UsageError(f"at least one comparison a record is needed, not {self.most_comparisons}")

    def without(self, *columns: str) -> "Linkage":
        """Return the same, with more columns that are never used."""
        return replace(self, ignored=(*self.ignored, *columns))


def linkage_of(fields: Fields | None) -> Linkage:
    """Read the section `duplicates:` of `kohort.yaml`; raises DefinitionError.

    >>> told = Fields({"traits": {"surname": "last_name"}, "threshold": 0.8}, "kohort.yaml", "duplicates")
    >>> [one.column for one in linkage_of(told).fields], linkage_of(told).threshold
    (['last_name'], 0.8)
    """
    if fields is None:
        return Linkage()
    traits = fields.inner("traits")
    told = []
    if traits is not None:
        kinds = [str(kind) for kind in FieldKind]
        for name in traits.names():
            if name not in kinds:
                raise traits.wrong(name, f"one of {', '.join(kinds)}", name)
            told += [LinkedField(FieldKind(name), trait) for trait in traits.texts(name)]
    threshold = fields.number("threshold", default=THRESHOLD)
    ignored = fields.texts("ignored", default=())
    families = fields.value("families_apart")
    if not isinstance(families, bool | None):
        raise fields.wrong("families_apart", "true or false", families)
    fields.refuse_unknown()
    if not 0 < threshold < 1:
        raise fields.wrong("threshold", "a probability above 0 and below 1", threshold)
    return Linkage(tuple(told), ignored, threshold, families_apart=families is not False)


def read_fields(text: str) -> tuple[LinkedField, ...]:
    """Return what `--fields` says: kinds and columns, such as `given=first_name,surname=nom`.

    Raises UsageError for a part that is no pair, for an unknown kind and for a column told twice.

    >>> [(one.kind.name, one.column) for one in read_fields("given=first_name, surname=nom")]
    [('GIVEN_NAME', 'first_name'), ('SURNAME', 'nom')]
    """
    fields: list[LinkedField] = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        word, sign, column = (one.strip() for one in part.partition("="))
        if not sign or not column:
            raise UsageError(f'"{part}" in --fields is no kind and column; write for example surname=nom')
        kinds = [str(kind) for kind in FieldKind]
        if word not in kinds:
            raise UsageError(f'there is no kind of column "{word}"; {did_you_mean(word, kinds)}')
        if any(one.column == column for one in fields):
            raise UsageError(f'--fields names the column "{column}" twice; a column has one kind')
        fields.append(LinkedField(FieldKind(word), column))
    return tuple(fields)
