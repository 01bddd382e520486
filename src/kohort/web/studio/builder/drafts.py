"""A draft: a rule as cards, which may still have gaps.

A rule that exists is whole and well-formed; what somebody is filling in is neither. So cards hold the text of their
fields, groups any number of cards, and `writing` says what is still wrong.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

import msgspec

from kohort.collection.acceptance import RequestRefusedError

Kind = Literal[
    "did", "sequence", "count", "sum", "mean", "min", "max", "distinct", "first", "last", "since_first", "since_last",
    "trait", "segment", "consent", "near", "polygon", "cell", "property",
]  # fmt: skip
"""What a card speaks of; "property" stands in the `where` of an event only."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
AGGREGATES: Final[frozenset[str]] = frozenset(("count", "sum", "mean", "min", "max", "distinct", "first", "last"))
VALUED: Final[frozenset[str]] = AGGREGATES | {"since_first", "since_last", "trait", "property"}
"""The kinds that have a value, of which something is asked."""
COUNTED: Final[frozenset[str]] = AGGREGATES | {"did"}
"""The kinds over events that may have a window."""
EVENTFUL: Final[frozenset[str]] = COUNTED | {"since_first", "since_last"}
"""The kinds that look at one event, with a `where`."""

_LARGEST: Final = 1_000_000


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a sequence; `fields` are event, within_count and within_unit."""

    fields: dict[str, str] = {}
    negated: bool = False
    where: "Group | None" = None


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="card"):
    """One condition. `fields` are texts by name, as a form holds them; its kind says which of them count."""

    kind: Kind
    fields: dict[str, str] = {}
    negated: bool = False
    where: "Group | None" = None
    among: "Group | None" = None
    steps: tuple[Step, ...] = ()

    def field(self, name: str) -> str:
        """Return the text of a field, "" for an empty one."""
        return self.fields.get(name, "")


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="group"):
    """Conditions of which all, or any, must hold; or, negated, not."""

    join: Literal["all", "any"] = "all"
    negated: bool = False
    cards: "tuple[Card | Group, ...]" = ()


Part = Card | Group


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a button or a hand does to a draft; see `edits`."""

    do: Literal["add", "group", "remove", "shift", "move", "wrap", "unwrap", "kind", "named", "where", "among", "step"]
    path: str
    kind: Kind = "did"
    by: int = 0
    to: str = ""


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends: the cards, what is done to them; or a sentence instead."""

    draft: Group | None = None
    edit: Edit | None = None
    sentence: str | None = None


def sent_of(body: bytes) -> Sent:
    """Return what a page has sent; raises RequestRefusedError for anything else.

    >>> sent_of(b'{"draft": {"type": "group", "cards": [{"type": "card", "kind": "did"}]}}').draft.cards[0].kind
    'did'
    """
    if len(body) > _LARGEST:
        raise RequestRefusedError(413, "too_large", "a rule is at most a megabyte", where="body")
    try:
        return msgspec.json.decode(body, type=Sent)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestRefusedError(422, "invalid_request", f"this is no draft: {error}", where="body") from error


def without_gaps(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that say something.

    >>> without_gaps({"event": "order", "property": ""})
    {'event': 'order'}
    """
    return {name: text for name, text in fields.items() if text}
