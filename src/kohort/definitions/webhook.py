"""What a file in `webhooks/` declares: who may deliver, and how a delivery becomes an event and traits.

The language is closed: places in the JSON body or in a header, a few ways to read lists, and types. There are no
templates, and nothing of a delivery is ever executed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from kohort.clock import zone_of
from kohort.definitions.fields import Fields
from kohort.definitions.references import Reference, references_of
from kohort.definitions.signatures import SignatureScheme, signature_scheme_of
from kohort.definitions.tracking import LONGEST_NAME
from kohort.definitions.values import ValueType
from kohort.errors import DefinitionError, did_you_mean, shorten

ANY_OTHER: Final = "*"
AGGREGATES: Final = ("first", "sum", "count")
TYPES: Final = (ValueType.TEXT, ValueType.NUMBER, ValueType.BOOLEAN)
UNITS: Final[Mapping[str, int]] = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
_SOURCE: Final = re.compile(r"\w[\w.-]{0,99}", re.ASCII)

Path = tuple[str, ...]


@dataclass(frozen=True)
class Pick:
    """Where one value stands: in a header; at a path of the body; or at a path in each element of a list.

    `each` is the path of the list, None for none. `aggregate` makes one value of a list's: the "first", their "sum", or
    the "count" of elements; "" keeps them a list. `type` turns what is found into that type; None keeps its own.
    """

    path: Path = ()
    header: str = ""
    each: Path | None = None
    aggregate: str = ""
    type: ValueType | None = None


Picks = tuple[Pick, ...]
"""Of several places, the first where something stands."""


@dataclass(frozen=True)
class Gathering:
    """Many values at once: every field of the object at `path`; or, with `name`, one of each element of a list there.

    `name` and `value` are places in the element.
    """

    path: Path
    name: Picks = ()
    value: Picks = ()


@dataclass(frozen=True)
class TimePick:
    """Where the time stands: ISO 8601 (in `zone`, if without an offset), or a number of `unit` since 1970."""

    picks: Picks
    zone: ZoneInfo
    unit: str = ""


@dataclass(frozen=True)
class DeliveryMapping:
    """What a kind of delivery says: an event with its properties, traits of the person, or both.

    `event` is the event's name, or where it stands. No `time` means when it is received.
    """

    event: str | Picks = ""
    time: TimePick | None = None
    user_id: Picks = ()
    anonymous_id: Picks = ()
    properties: Mapping[str, Picks] = field(default_factory=dict)
    traits: Mapping[str, Picks] = field(default_factory=dict)
    properties_from: Gathering | None = None
    traits_from: Gathering | None = None


@dataclass(frozen=True)
class WebhookDefinition:
    """Who may deliver to `/v1/webhook/{source}`, and what a delivery means.

    `select` tells the kind of a delivery, and so which of `mappings` applies; deliveries of the kinds `ignored` are
    taken and left. `message_id` are the values that together make a delivery unique: the same again is the same event.
    """

    source: str
    scheme: SignatureScheme
    secrets: tuple[Reference, ...]
    mappings: Mapping[str, DeliveryMapping]
    select: Picks = ()
    message_id: tuple[Picks, ...] = ()
    ignored: frozenset[str] = frozenset()


def webhook_definition_of(document: object, file: str, shipped: Mapping[str, object]) -> WebhookDefinition:
    """Read the content of one file of `webhooks/`; `shipped` are the mappings that it may name, by name.

    Raises DefinitionError with the file and field of what is wrong, and the nearest known name.

    >>> document = {"source": "desk", "secret": {"env": "DESK_SECRET"}, "signature": "standard-webhooks",
    ...             "events": {"*": {"event": "ticket_closed", "user_id": "data.customer"}}}
    >>> webhook_definition_of(document, "webhooks/desk.yaml", {}).mappings["*"].user_id[0].path
    ('data', 'customer')
    """
    named = Fields(document, file)
    name = named.text("mapping", default="")
    if name and name not in shipped:
        raise DefinitionError(
            f'{named.place("mapping")}: unknown mapping "{shorten(name)}"; {did_you_mean(name, shipped)}'
        )
    base = shipped[name] if name else {}
    fields = Fields(_merged(base, document), file)
    fields.value("mapping")
    source = fields.text("source")
    if not _SOURCE.fullmatch(source):
        raise fields.wrong("source", 'a name of letters, digits, "_", "-" and "."', source)
    ids = fields.value("message_id")
    definition = WebhookDefinition(
        source=source,
        scheme=signature_scheme_of(fields, "signature"),
        secrets=references_of(fields, "secret"),
        mappings=_mappings(fields),
        select=_picks(fields, "select"),
        message_id=tuple(_alternatives(_listed(one), fields, "message_id") for one in _listed(ids)),
        ignored=frozenset(fields.texts("ignore", default=())),
    )
    fields.refuse_unknown()
    if not definition.select and set(definition.mappings) != {ANY_OTHER}:
        raise DefinitionError(
            f"{fields.place('select')}: say which field tells these kinds apart: "
            f'{", ".join(definition.mappings)}; or declare the one kind "*"'
        )
    return definition


def _merged(base: object, own: object) -> object:
    """Return `base` with what `own` says instead or besides, at any depth of fields."""
    if not (isinstance(base, Mapping) and isinstance(own, Mapping)):
        return own
    return {**base, **{name: _merged(base.get(name), one) for name, one in own.items()}}


def _mappings(fields: Fields) -> dict[str, DeliveryMapping]:
    events = fields.inner("events")
    if events is None or not events.names():
        raise fields.wrong("events", "the kinds of delivery, each with its event or traits", None)
    return {kind: _mapping(events, kind) for kind in events.names()}


def _mapping(events: Fields, kind: str) -> DeliveryMapping:
    fields = events.inner(kind)
    if fields is None:
        raise events.wrong(kind, "an event or traits, and where the person stands", None)
    event = fields.value("event")
    mapping = DeliveryMapping(
        event=event if isinstance(event, str) else _picks(fields, "event"),
        time=_time(fields),
        user_id=_picks(fields, "user_id"),
        anonymous_id=_picks(fields, "anonymous_id"),
        properties=_values(fields, "properties"),
        traits=_values(fields, "traits"),
        properties_from=_gathering(fields, "properties_from"),
        traits_from=_gathering(fields, "traits_from"),
    )
    fields.refuse_unknown()
    if not (mapping.user_id or mapping.anonymous_id):
        raise fields.wrong("user_id", "where the person stands: user_id or anonymous_id, or both", None)
    if not (mapping.event or mapping.traits or mapping.traits_from):
        raise fields.wrong("event", "an event, or traits", None)
    if not mapping.event and (mapping.properties or mapping.properties_from):
        raise fields.wrong("event", "the event to which the properties belong", None)
    return mapping


def _time(fields: Fields) -> TimePick | None:
    value = fields.value("time")
    if value is None:
        return None
    if not isinstance(value, Mapping) or not {"zone", "unit"} & set(value):
        return TimePick(_picks(fields, "time"), ZoneInfo("UTC"))
    inner = Fields(value, fields.file, fields.place("time").field or "time")
    unit = inner.text("unit", default="")
    if unit and unit not in UNITS:
        raise inner.wrong("unit", f"one of {', '.join(UNITS)}", unit)
    time = TimePick(_picks(inner, "field"), inner.build("zone", zone_of, default="UTC"), unit)
    inner.refuse_unknown()
    return time


def _values(fields: Fields, name: str) -> dict[str, Picks]:
    inner = fields.inner(name)
    if inner is None:
        return {}
    for one in inner.names():
        if not 0 < len(one) <= LONGEST_NAME:
            raise DefinitionError(f"{inner.place(shorten(one))}: a name has 1 to {LONGEST_NAME} characters")
    return {one: _picks(inner, one) for one in inner.names()}


def _gathering(fields: Fields, name: str) -> Gathering | None:
    value = fields.value(name)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return Gathering(_path(fields.text(name)))
    inner = Fields(value, fields.file, fields.place(name).field or name)
    found = Gathering(_path(inner.text("each")), _picks(inner, "name"), _picks(inner, "value"))
    inner.refuse_unknown()
    if not (found.name and found.value):
        raise fields.wrong(name, "the places of name and value in each element", value)
    return found


def _picks(fields: Fields, name: str) -> Picks:
    value = fields.value(name)
    return () if value is None else _alternatives(_listed(value), fields, name)


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _alternatives(values: list[Any], fields: Fields, name: str) -> Picks:
    if not values:
        raise fields.wrong(name, "a place, or several", values)
    return tuple(_pick(one, fields, name) for one in values)


def _pick(value: object, fields: Fields, name: str) -> Pick:
    if isinstance(value, str) and value:
        return Pick(_path(value))
    if not isinstance(value, Mapping):
        raise fields.wrong(name, "a place such as customer.email, or {header: NAME}", value)
    inner = Fields(value, fields.file, fields.place(name).field or name)
    each, aggregate = inner.text("each", default=""), inner.text("aggregate", default="")
    pick = Pick(
        path=_path(inner.text("field", default="")),
        header=inner.text("header", default="").lower(),
        each=_path(each) if each else None,
        aggregate=aggregate,
        type=_type(inner),
    )
    inner.refuse_unknown()
    if aggregate and (aggregate not in AGGREGATES or not each):
        raise inner.wrong("aggregate", f"one of {', '.join(AGGREGATES)}, beside each", aggregate)
    if bool(pick.header) == bool(pick.path or each) or (aggregate == "count" and pick.path):
        raise fields.wrong(name, "one place: a field, a header, or a field in each element of a list", None)
    return pick


def _type(fields: Fields) -> ValueType | None:
    text = fields.text("type", default="")
    if text and text not in TYPES:
        raise fields.wrong("type", f"one of {', '.join(TYPES)}", text)
    return ValueType(text) if text else None


def _path(text: str) -> Path:
    return tuple(text.split(".")) if text else ()
