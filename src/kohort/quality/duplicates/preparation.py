"""From a table as it is to columns that any SQL can compare: folded, coded, dates and codes taken apart.

All that is special to a language is computed here, once a distinct value, so that the comparison of pairs needs nothing
that a database lacks.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pyarrow as pa

from kohort.definitions.duplicates import FieldKind, LinkedField
from kohort.quality.duplicates.dates import BirthDate, month_comes_first, read_birth_date
from kohort.quality.duplicates.folding import folded, soundex, words_of
from kohort.quality.duplicates.french_sounds import french_sound

RECORD: Final = "record"
"""The number of a record, from 0: int64."""
SOURCE: Final = "source_dataset"
"""Which table a record is of, where two are linked: text."""

Texts = Sequence[str | None]

_DIGIT: Final = re.compile(r"\d")
_PLUS: Final = re.compile(r"\+[^@]*@")
_PHONE_DIGITS: Final = 9  # what numbers of one country have in common, without 0 or +33 in front
_FEWEST_DIGITS: Final = 6
_SHARED: Final = 50  # records with one address of e-mail or one phone: it is nobody's
_OVERSEAS: Final = ("97", "98")
_SMALL: Final = re.compile(r"[a-z0-9]+")


def prepared(columns: Mapping[str, Texts], fields: Sequence[LinkedField], sources: Texts = ()) -> pa.Table:
    """Return the records as they are compared: `RECORD`, and what `fields` say, as texts (string) and days (int64).

    `columns` hold n texts each. With `sources`, n names, each record says which table it is of.
    """
    rows = len(next(iter(columns.values())))
    made: dict[str, pa.Array] = {RECORD: pa.array(range(rows), pa.int64())}
    if sources:
        made[SOURCE] = pa.array(sources, pa.string())
    of = {kind: [columns[one.column] for one in fields if one.kind is kind] for kind in FieldKind}
    for kind, name in ((FieldKind.GIVEN_NAME, "given"), (FieldKind.SURNAME, "surname")):
        if of[kind]:
            made |= _name(name, _joined(of[kind]))
    if "given" in made and "surname" in made:
        made["name_key"] = _sorted_pair(made["given_sound"].to_pylist(), made["surname_sound"].to_pylist())
    if of[FieldKind.BIRTH_DATE]:
        made |= _birth(of[FieldKind.BIRTH_DATE][0])
    made |= _whereabouts(of)
    for number, values in enumerate(of[FieldKind.TEXT], start=1):
        made[f"text_{number}"] = _mapped(values, _plain)
    return pa.table(made)


def department(postal: str) -> str:
    """Return the département of a French postal code: its first two digits, overseas three.

    >>> department("69003"), department("97410")
    ('69', '974')
    """
    return postal[: 3 if postal.startswith(_OVERSEAS) else 2]


def email_key(text: str) -> str:
    """Return an e-mail address as it is compared: in small letters, without what follows a plus; "" for none.

    >>> email_key(" Ada+Shop@Example.org"), email_key("none")
    ('ada@example.org', '')
    """
    address = folded(text).strip()
    return _PLUS.sub("@", address) if address.count("@") == 1 else ""


def phone_key(text: str) -> str:
    """Return the last nine digits of a phone number, by which 06…, +33 6… and 0033 6… are one; "" for none.

    >>> phone_key("+33 (0)6 12 34 56 78"), phone_key("0033612345678"), phone_key("06.12.34.56.78"), phone_key("12")
    ('612345678', '612345678', '612345678', '')
    """
    digits = "".join(_DIGIT.findall(text))
    return digits[-_PHONE_DIGITS:] if len(digits) >= _FEWEST_DIGITS else ""


def _whereabouts(of: Mapping[FieldKind, Sequence[Texts]]) -> dict[str, pa.Array]:
    """Return where somebody lives and is reached."""
    made = {}
    if of[FieldKind.POSTAL_CODE]:
        made["postal"] = _mapped(of[FieldKind.POSTAL_CODE][0], _postal)
        made["area"] = _mapped(made["postal"].to_pylist(), department)
    if of[FieldKind.TOWN]:
        made["town"] = _mapped(of[FieldKind.TOWN][0], _plain)
    if of[FieldKind.ADDRESS]:
        made["address"] = _mapped(_joined(of[FieldKind.ADDRESS]), _plain)
    if of[FieldKind.EMAIL]:
        made["email"] = _own(_mapped(of[FieldKind.EMAIL][0], email_key))
    if of[FieldKind.PHONE]:
        made["phone"] = _own(_mapped(of[FieldKind.PHONE][0], phone_key))
    return made


def _name(name: str, values: Texts) -> dict[str, pa.Array]:
    return {
        name: _mapped(values, lambda one: " ".join(words_of(one))),
        f"{name}_first": _mapped(values, lambda one: next(iter(words_of(one)), "")),
        f"{name}_last": _mapped(values, lambda one: next(reversed(words_of(one)), "")),
        f"{name}_sound": _mapped(values, french_sound),
        f"{name}_soundex": _mapped(values, soundex),
    }


def _birth(values: Texts) -> dict[str, pa.Array]:
    month_first = month_comes_first([value for value in values if value])
    known: dict[str | None, BirthDate | None] = {None: None}
    for value in set(values) - {None}:
        known[value] = read_birth_date(value or "", month_first=month_first)
    dates = [known[value] for value in values]
    return {
        "birth": pa.array([one and one.text for one in dates], pa.string()),
        "birth_turned": pa.array([one and one.turned for one in dates], pa.string()),
        "birth_key": pa.array([one and one.key for one in dates], pa.string()),
        "birth_year": pa.array([one and one.text[:4] for one in dates], pa.string()),
        "birth_month": pa.array([one and one.text[5:7] for one in dates], pa.string()),
        "birth_of_month": pa.array([one and one.text[8:] for one in dates], pa.string()),
        "birth_day": pa.array([one and one.day for one in dates], pa.int64()),
    }


def _mapped(values: Texts, function: Callable[[str], str]) -> pa.Array:
    """Return a function's texts, computed once a distinct value; an empty one is missing."""
    known: dict[str | None, str | None] = {None: None}
    for value in set(values) - {None}:
        known[value] = function(value or "") or None
    return pa.array([known[value] for value in values], pa.string())


def _joined(parts: Sequence[Texts]) -> Texts:
    if len(parts) == 1:
        return parts[0]
    return [" ".join(filter(None, row)) or None for row in zip(*parts, strict=True)]


def _sorted_pair(one: Texts, other: Texts) -> pa.Array:
    """Return the sounds of both names in the order of the alphabet: the same where they are swapped."""
    pairs = (f"{min(a, b)} {max(a, b)}" if a and b else None for a, b in zip(one, other, strict=True))
    return pa.array(list(pairs), pa.string())


def _own(values: pa.Array) -> pa.Array:
    """Return values without those that so many records bear that they are nobody's."""
    texts = values.to_pylist()
    shared = {value for value, times in Counter(texts).items() if times > _SHARED}
    return pa.array([None if value in shared else value for value in texts], pa.string())


def _postal(text: str) -> str:
    return "".join(_SMALL.findall(text.casefold()))


def _plain(text: str) -> str:
    return " ".join(_SMALL.findall(folded(text)))
