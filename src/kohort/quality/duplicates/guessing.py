"""Guessing what the columns of a table of people are, from their names and then from their values."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from kohort.definitions.duplicates import FieldKind, LinkedField
from kohort.errors import UsageError, did_you_mean
from kohort.quality.duplicates.folding import folded

_SAMPLE: Final = 1_000
_MOST: Final = 0.8  # of the values must look like the kind
_NAMES: Final[tuple[tuple[FieldKind, str], ...]] = (
    (FieldKind.EMAIL, r"e ?mail|mail|courriel|email address|adresse (e ?mail|mail)"),
    (FieldKind.PHONE, r"(tele)?phone( number)?|tel|mobile( phone)?|portable|gsm|numero de telephone|cell"),
    (FieldKind.GIVEN_NAME, r"(given|first|fore) ?names?|prenoms?|given|first|pren"),
    (FieldKind.SURNAME, r"(sur|last|family) ?name|nom( de famille| d usage| usuel| naissance)?|last|family|surname"),
    (FieldKind.BIRTH_DATE, r"(date of )?birth( ?(date|day))?|dob|(date de |date )?naissance|ddn|ne le|date of birth"),
    (FieldKind.POSTAL_CODE, r"(post(al)? ?code|zip( ?code)?|code postal|cp|code ?post)"),
    (FieldKind.TOWN, r"town|city|suburb|ville|commune|localite|municipality"),
    (FieldKind.ADDRESS, r"((street )?address( line)?|adresse( postale)?)( 1)?|rue|voie|street( number)?"),
)  # fmt: skip
_ALONE: Final = {FieldKind.EMAIL, FieldKind.PHONE, FieldKind.GIVEN_NAME, FieldKind.SURNAME, FieldKind.BIRTH_DATE,
                 FieldKind.POSTAL_CODE, FieldKind.TOWN}  # fmt: skip
_DATE: Final = re.compile(r"\d{4}([-/.]?)\d{2}\1\d{2}(?:[T ].*)?|\d{1,2}([-/.])\d{1,2}\2\d{4}")
_CENTURIES: Final = re.compile(r"(?:18|19|20)\d\d|.*\D(?:18|19|20)\d\d")
_TEXT: Final = re.compile(r"[^\W\d_].*", re.DOTALL)
_LONGEST_TEXT: Final = 60


def _is_date(value: str) -> bool:
    return bool(_DATE.fullmatch(value) and _CENTURIES.match(value))


_LOOKS: Final[tuple[tuple[FieldKind, str, Callable[[str], bool]], ...]] = (
    (FieldKind.EMAIL, "e-mail addresses", lambda value: bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value))),
    (FieldKind.BIRTH_DATE, "dates", _is_date),
    (FieldKind.PHONE, "phone numbers",
     lambda value: bool(re.fullmatch(r"(?:\+|00)\d[\d\s().-]{7,18}|0[1-9](?:[\s.-]?\d\d){4}", value))),
)  # fmt: skip


def fields_of(
    columns: Mapping[str, Sequence[str | None]], told: Iterable[LinkedField] = (), ignored: Iterable[str] = ()
) -> tuple[LinkedField, ...]:
    """Return what the columns of a table say: what was told, and of the others what their names or values show.

    One column of each kind but addresses and texts is guessed, the first one; of a kind that was told none is. A column
    of short texts that repeat is compared as a text; what is nothing of all this is not used.

    Raises UsageError for a column that the table lacks, and if no column says anything of a person.

    >>> told = fields_of({"Prénom": ["Zoé"], "nom": ["Noël"], "né": ["1990-02-01"], "n": ["17"]})
    >>> [(str(one.kind), one.column, one.why) for one in told]
    [('given', 'Prénom', 'by its name'), ('surname', 'nom', 'by its name'), ('birth', 'né', 'its values are dates')]
    """
    fields = list(told)
    for column in (*(one.column for one in fields), *ignored):
        if column not in columns:
            raise UsageError(f'the table has no column "{column}"; {did_you_mean(column, columns)}')
    taken = {one.kind for one in fields}
    left = [name for name in columns if name not in {one.column for one in fields} and name not in set(ignored)]
    guessed = {}
    for by in (_by_name, _by_values):
        for name in left:
            found = None if name in guessed else by(name, columns[name])
            if found and not (found.kind in _ALONE and found.kind in taken):
                guessed[name] = found
                taken.add(found.kind)
    fields += [guessed[name] for name in left if name in guessed]
    if not fields:
        raise UsageError("no column says anything of a person; tell which do, with --fields surname=COLUMN,…")
    return tuple(fields)


def _by_name(name: str, _: Sequence[str | None]) -> LinkedField | None:
    words = " ".join(re.findall(r"[a-z]+|\d+", folded(re.sub(r"([a-z])([A-Z])", r"\1 \2", name))))
    kind = next((kind for kind, pattern in _NAMES if re.fullmatch(pattern, words)), None)
    return None if kind is None else LinkedField(kind, name, "by its name")


def _by_values(name: str, values: Sequence[str | None]) -> LinkedField | None:
    sample = [value.strip() for value in values if value and value.strip()][:_SAMPLE]
    if not sample:
        return None
    for kind, what, looks in _LOOKS:
        if sum(map(looks, sample)) >= _MOST * len(sample):
            return LinkedField(kind, name, f"its values are {what}")
    texts = [value for value in sample if _TEXT.fullmatch(value) and len(value) <= _LONGEST_TEXT]
    if len(texts) >= _MOST * len(sample) and 1 < len(set(texts)) < len(texts):
        return LinkedField(FieldKind.TEXT, name, "its values are texts that repeat")
    return None
