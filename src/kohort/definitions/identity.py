"""What `identity:` in `kohort.yaml` declares: which values identify a person beside user and anonymous ids."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import compress
from typing import Final
from unicodedata import normalize

from kohort.definitions.fields import Fields
from kohort.errors import DefinitionError

USER: Final = "user_id"
ANONYMOUS: Final = "anonymous_id"
ANY_KIND: Final = "any"

DEFAULT_BLOCKED: Final[tuple[str, ...]] = (
    *("anonymous", "null", "nil", "none", "undefined", "unknown", "nan", "n/a", "(not set)", "not set"),
    *("0", "-", "test", "guest", "true", "false", "[object object]", "{}", "@"),
    *("00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000"),
)
"""Values that name nobody, whatever the kind of identifier; in small letters."""

DEFAULT_LIMITS: Final[Mapping[str, int]] = {USER: 500, ANONYMOUS: 10}
"""The most anonymous ids of one user id, and the most user ids of one anonymous id."""

_DEFAULT_LIMIT: Final = 5
_FEWEST_DIGITS: Final = 7
_NO_DIGIT: Final = re.compile(r"\D+")


class Origin(StrEnum):
    """Where the value of a shared identifier stands in a message."""

    TRAIT = "trait"
    EXTERNAL_ID = "external_id"
    DEVICE = "device"


class Form(StrEnum):
    """How a shared identifier is normalised before it is compared."""

    EMAIL = "email"
    PHONE = "phone"
    TEXT = "text"


@dataclass(frozen=True)
class UniqueIdentifier:
    """A kind of value that is one person's alone: who carries the same one is the same person.

    It stands in the trait, in the external id of the type, or in the field of `context.device` that `name` says. More
    than `limit` actors with one value show that it is not one person's: then it joins nobody.
    """

    kind: str
    origin: Origin
    name: str
    form: Form = Form.TEXT
    limit: int = _DEFAULT_LIMIT


@dataclass(frozen=True)
class IdentityDefinition:
    """How people are told apart: the identifiers that are unique, limits by kind, blocked values by kind.

    `blocked` adds to `DEFAULT_BLOCKED`; what stands under "any" is blocked for every kind.

    >>> IdentityDefinition().is_blocked("user_id", "NULL"), IdentityDefinition().is_blocked("user_id", "ada")
    (True, False)
    """

    unique: tuple[UniqueIdentifier, ...] = ()
    limits: Mapping[str, int] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    blocked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def is_blocked(self, kind: str, value: str) -> bool:
        """Return whether a value names nobody; capitals and spaces around it do not matter."""
        return _plain(value) in self._blocked(kind)

    def blocked_among(self, kind: str, values: Iterable[str]) -> set[str]:
        """Return those of some values that are blocked.

        >>> IdentityDefinition().blocked_among("user_id", ["ada", " NULL ", ""]) == {" NULL ", ""}
        True
        """
        blocked = self._blocked(kind)
        its = [*values]
        plain = [*map(str.lower, map(str.strip, its))] if "".join(its).isascii() else [*map(_plain, its)]
        return set() if blocked.isdisjoint(plain) else set(compress(its, map(blocked.__contains__, plain)))

    def limit_of(self, kind: str) -> int | None:
        """Return the most actors that may share a value of a kind, None for a kind that joins nobody.

        >>> IdentityDefinition().limit_of("anonymous_id"), IdentityDefinition().limit_of("email")
        (10, None)
        """
        declared = {one.kind: one.limit for one in self.unique}
        return declared.get(kind, self.limits.get(kind))

    def _blocked(self, kind: str) -> frozenset[str]:
        """Return the blocked values of a kind, the empty one among them."""
        return self._blocked_by_kind.get(kind, self._blocked_by_kind[ANY_KIND])

    @cached_property
    def _blocked_by_kind(self) -> Mapping[str, frozenset[str]]:
        everywhere = frozenset({*DEFAULT_BLOCKED, ""}) | frozenset(map(_plain, self.blocked.get(ANY_KIND, ())))
        kinds = {kind: everywhere | frozenset(map(_plain, values)) for kind, values in self.blocked.items()}
        return {**kinds, ANY_KIND: everywhere}


def normalised(value: str, form: Form) -> str:
    """Return a value as it is compared, "" for one that cannot be an identifier of its form.

    E-mails are in small letters; phones keep their digits and a plus in front, for which 00 stands too.

    >>> normalised(" Ada@Example.org ", Form.EMAIL), normalised("+33 (0)6-12 34 56 78", Form.PHONE)
    ('ada@example.org', '+330612345678')
    >>> normalised("none", Form.EMAIL), normalised("12", Form.PHONE)
    ('', '')
    """
    text = normalize("NFC", value).strip()
    match form:
        case Form.EMAIL:
            return text.lower() if "@" in text else ""
        case Form.PHONE:
            digits = _NO_DIGIT.sub("", text)
            if len(digits) < _FEWEST_DIGITS:
                return ""
            if digits.startswith("00"):
                return f"+{digits[2:]}"
            return f"+{digits}" if text.startswith("+") else digits
        case Form.TEXT:
            return text


def identity_definition_of(fields: Fields | None) -> IdentityDefinition:
    """Read `identity:` of `kohort.yaml`; raises DefinitionError for what is wrong in it.

    >>> declared = Fields({"unique": {"email": {"limit": 3}, "crm": {"external_id": "salesforce"}}}, "kohort.yaml")
    >>> [(one.kind, one.origin.value, one.name, one.limit) for one in identity_definition_of(declared).unique]
    [('email', 'trait', 'email', 3), ('crm', 'external_id', 'salesforce', 5)]
    """
    if fields is None:
        return IdentityDefinition()
    unique, limits, blocked = fields.inner("unique"), fields.inner("limits"), fields.inner("blocked")
    fields.refuse_unknown()
    definition = IdentityDefinition(
        unique=tuple(_unique(unique, kind) for kind in unique.names()) if unique else (),
        limits={kind: _limit(limits, kind, default) for kind, default in DEFAULT_LIMITS.items()}
        if limits
        else dict(DEFAULT_LIMITS),
        blocked={kind: blocked.texts(kind) for kind in blocked.names()} if blocked else {},
    )
    if limits:
        limits.refuse_unknown()
    known = {ANY_KIND, USER, ANONYMOUS, *(one.kind for one in definition.unique)}
    for kind in definition.blocked:
        if blocked and kind not in known:
            raise blocked.wrong(kind, "values of one of the kinds " + ", ".join(sorted(known)), kind)
    return definition


def _unique(declared: Fields, kind: str) -> UniqueIdentifier:
    if kind in {USER, ANONYMOUS, ANY_KIND}:
        raise DefinitionError(f"{declared.place(kind)}: {kind} needs no declaration; give its limit under limits")
    form = Form(kind) if kind in list(Form) else Form.TEXT
    fields = declared.inner(kind)
    if fields is None:
        return UniqueIdentifier(kind, Origin.TRAIT, kind, form)
    given = [one for one in Origin if fields.value(one) is not None]
    if len(given) > 1:
        raise fields.wrong(given[1], f"one of {', '.join(Origin)} only", fields.value(given[1]))
    origin = given[0] if given else Origin.TRAIT
    found = UniqueIdentifier(
        kind,
        origin,
        fields.text(origin, default=kind),
        fields.build("form", _form, default=form.value),
        _limit(fields, "limit", _DEFAULT_LIMIT),
    )
    fields.refuse_unknown()
    return found


def _form(text: str) -> Form:
    if text not in list(Form):
        raise ValueError(f"expected one of {', '.join(Form)}")
    return Form(text)


def _limit(fields: Fields, name: str, default: int) -> int:
    limit = fields.integer(name, default=default)
    if limit < 1:
        raise fields.wrong(name, "a whole number from 1 on", limit)
    return limit


def _plain(value: str) -> str:
    return (value if value.isascii() else normalize("NFC", value)).strip().lower()
