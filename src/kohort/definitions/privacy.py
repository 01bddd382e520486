"""What `privacy:` in `kohort.yaml` declares: which traits and properties say who somebody is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from kohort.definitions.fields import Fields
from kohort.definitions.repair import repaired_trait

PERSONAL: Final = frozenset(
    (
        "address", "birthday", "birth_date", "birthdate", "billing_address", "date_of_birth", "delivery_address",
        "email", "email_address", "first_name", "full_name", "iban", "ip", "ip_address", "last_name", "latitude",
        "longitude", "maiden_name", "middle_name", "mobile", "mobile_phone", "phone", "phone_number",
        "shipping_address", "ssn", "street", "surname", "tax_id", "telephone", "user_name", "username", "vat_number",
    )
)  # fmt: skip
"""Names of traits and of properties; those of Segment's reserved traits that say who somebody is are among them."""
PERSONAL_TRAITS: Final = frozenset({"avatar", "description", "id", "name", "title", "website", "postal_code", "zip"})
"""Names of traits only: an event's `name` is mostly that of a thing."""
_POSITIONS: Final = ("latitude", "longitude", "h3", "nearest_commune_km")
"""What scores of places tell of a position, whatever their traits' prefix: a point, its cell, a circle around it."""
_WORD_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s-]+")
_NAME: Final = re.compile(r"[^\W\d][\w.]*")
_IDENTIFIER: Final = re.compile(
    r"[^\s@<>]+(?:@|%40)[^\s@<>]+\.[^\s@<>]+"  # an e-mail, also within an address of a page
    r"|(?:\+|\b00)\d[\d .()/-]{6,}\d"  # a phone number with its country
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"  # an address of the network
)


@dataclass(frozen=True)
class PrivacyDefinition:
    """The names that a project adds to those that are always personal.

    >>> declared = PrivacyDefinition(("loyalty_card",))
    >>> [declared.is_personal(one) for one in ("Email", "address.city", "firstName", "loyalty_card", "total")]
    [True, True, True, True, False]
    """

    personal: tuple[str, ...] = ()

    def is_personal(self, name: str, *, trait: bool = False) -> bool:
        """Return whether a property, or a trait, says who somebody is by its name: that of the whole, or of a part.

        What was repaired says as much as what it was made from, and what was placed as much as the place.

        >>> PrivacyDefinition(("income",)).is_personal("income_filled", trait=True)
        True
        >>> [PrivacyDefinition().is_personal(one, trait=True) for one in ("home_latitude", "h3", "zone")]
        [True, True, False]
        """
        parts = snake_case(repaired_trait(name) if trait else name).split(".")
        names = self._trait_names if trait else self._names
        if trait and any(part.endswith(tuple(f"_{one}" for one in _POSITIONS)) for part in parts):
            return True
        return ".".join(parts) in names or not names.isdisjoint(parts)

    def mentions_personal(self, sentence: str) -> bool:
        """Return whether a rule speaks of what says who somebody is.

        >>> PrivacyDefinition().mentions_personal('email = "ada@example.org"')
        True
        """
        return any(self.is_personal(name, trait=True) for name in _NAME.findall(sentence))

    @cached_property
    def _names(self) -> frozenset[str]:
        return PERSONAL | frozenset(map(snake_case, self.personal))

    @cached_property
    def _trait_names(self) -> frozenset[str]:
        return self._names | PERSONAL_TRAITS | frozenset(_POSITIONS)


def privacy_definition_of(fields: Fields | None) -> PrivacyDefinition:
    """Read `privacy:` of `kohort.yaml`; raises DefinitionError for what is wrong in it.

    >>> privacy_definition_of(Fields({"personal": ["loyalty_card"]}, "kohort.yaml")).personal
    ('loyalty_card',)
    """
    if fields is None:
        return PrivacyDefinition()
    found = PrivacyDefinition(fields.texts("personal", default=()))
    fields.refuse_unknown()
    return found


def snake_case(name: str) -> str:
    """Return a name in small letters, with a line between its words.

    >>> snake_case("firstName"), snake_case("Delivery Address")
    ('first_name', 'delivery_address')
    """
    return _WORD_BREAK.sub("_", name.strip()).lower()


def holds_identifier(text: str, known: Iterable[str] = ()) -> bool:
    """Return whether a text holds an e-mail, a phone number or a network's address, or one of the `known` identifiers.

    >>> [holds_identifier(one) for one in ("write to ada@example.org", "+33 6 12 34 56 78", "2026-03-01", "42")]
    [True, True, False, False]
    >>> holds_identifier("Order of ada-17", ["ada-17"])
    True
    """
    lowered = text.casefold()
    return any(one in lowered for one in known) or _IDENTIFIER.search(text) is not None
