"""What the mapped arrays of a project are called: those who make them and those who read them meet here."""

from hashlib import blake2b
from typing import Final, Literal

from kohort.definitions.consent import CONSENT_PREFIX
from kohort.rules.catalog import Catalog

Kind = Literal["events", "traits"]

STARTS: Final = "starts"
"""Each block's first row, and after the last block the number of rows."""

PEOPLE: Final = "people"
"""The rows' people, as places in their block."""

TIMES: Final = "times"
"""The rows' moments."""

COLUMN: Final = "column-"
"""The values of a column, whose name follows."""

FIRSTS: Final = "firsts"
"""Each layer's first block, among those of the generation that made the layer's rows."""

MAKERS: Final = "makers"
"""The generation that made each layer's rows."""

NAME: Final = "name"
"""As what the event or trait is filed."""

GROWING: Final = {"events": "events", "traits": "trait_values"}
"""The table that rows of each kind come from."""


def folder_of(name: str) -> str:
    """Return what the folder of an event's or trait's arrays is called.

    >>> folder_of("visit") == folder_of("visit") != folder_of("Visit")
    True
    """
    return blake2b(name.encode(), digest_size=12).hexdigest()


def filed_as(kind: Kind, name: str, catalog: Catalog) -> str:
    """Return as what the rows of an event or trait are filed: of a consent, with the categories that it asks for.

    >>> filed_as("events", "visit", Catalog())
    'visit'
    """
    if kind == "events" or not name.startswith(CONSENT_PREFIX):
        return name
    categories = repr(catalog.purposes.get(name.removeprefix(CONSENT_PREFIX)))
    return f"{name}\0{blake2b(categories.encode(), digest_size=8).hexdigest()}"


def name_of(filed: str) -> str:
    """Return the name of what is filed.

    >>> name_of(filed_as("traits", "consent to ads", Catalog(purposes={"ads": ("ads",)})))
    'consent to ads'
    """
    return filed.partition("\0")[0]
