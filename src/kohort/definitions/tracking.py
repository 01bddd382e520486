"""What `tracking.yaml` declares: the events and traits that a project expects, their other names and types."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

from kohort.definitions.families import Family
from kohort.definitions.fields import Fields
from kohort.definitions.values import ValueType
from kohort.errors import DefinitionError, Place, did_you_mean, shorten

LONGEST_NAME: Final = 200
"""The most characters that the name of an event, property or trait may have."""

_REMEMBERED: Final = 4_096


@dataclass(frozen=True)
class PropertyDeclaration:
    """One property of an event: its type, and whether an event without it is refused."""

    name: str
    type: ValueType
    required: bool = False


@dataclass(frozen=True)
class EventDeclaration:
    """One expected event: its key, the other names under which it arrives, its properties by name.

    `after` are the events each of which a person has before it.
    """

    key: str
    aliases: tuple[str, ...] = ()
    properties: Mapping[str, PropertyDeclaration] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    @cached_property
    def types(self) -> Mapping[str, ValueType]:
        """The declared types of its properties, by name."""
        return {name: one.type for name, one in self.properties.items()}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the properties without which it is refused."""
        return tuple(name for name, one in self.properties.items() if one.required)


@dataclass(frozen=True)
class TrackingPlan:
    """The expected events by key, the types of traits by name, and the families of those that are told one.

    What is not declared is accepted as it comes. `context` names, by the property that each event has it as, what is
    kept of the context that SDKs send: a path such as ("campaign", "source").

    >>> plan = tracking_plan_of({"events": {"order_completed": {"aliases": ["Purchase"]}}}, "tracking.yaml")
    >>> plan.key_of("Purchase"), plan.key_of("Order Completed"), plan.key_of("Page Viewed")
    ('order_completed', 'order_completed', 'page_viewed')
    """

    events: Mapping[str, EventDeclaration] = field(default_factory=dict)
    traits: Mapping[str, ValueType] = field(default_factory=dict)
    families: Mapping[str, Family] = field(default_factory=dict)
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keys_by_alias: Mapping[str, str] = field(default_factory=dict)

    def key_of(self, name: str) -> str:
        """Return the key of an event's name: by alias, else by `event_key`; raises ValueError as that does."""
        known = self.keys_by_alias.get(name)
        if known is not None:
            return known
        key = event_key(name)
        return self.keys_by_alias.get(key, key)

    def types_of(self, key: str) -> Mapping[str, ValueType]:
        """Return the declared types of an event's properties, empty for an event that nobody declared."""
        event = self.events.get(key)
        return {} if event is None else event.types

    def required_of(self, key: str) -> tuple[str, ...]:
        """Return the names of the properties without which an event is refused."""
        event = self.events.get(key)
        return () if event is None else event.required


@lru_cache(_REMEMBERED)
def event_key(name: str) -> str:
    """Return the key of an event's name: its words in lower case, joined by underscores; keys stay as they are.

    Letters of every script are kept (normalised to NFC); anything else but digits separates words.

    Raises ValueError if nothing is left, or more than 200 characters.

    >>> event_key("Order Completed"), event_key("orderCompleted"), event_key("HTTPError-404"), event_key("Été.Vu")
    ('order_completed', 'order_completed', 'http_error_404', 'été_vu')
    """
    if len(name) > LONGEST_NAME:
        raise ValueError(f'the name "{shorten(name, 40)}" is longer than {LONGEST_NAME} characters')
    key = unicodedata.normalize("NFC", "_".join(_words(unicodedata.normalize("NFC", name))).lower())
    if not key:
        raise ValueError(f'the name "{shorten(name)}" holds no letter or digit')
    if len(key) > LONGEST_NAME:
        raise ValueError(f'the key of "{shorten(name, 40)}" is longer than {LONGEST_NAME} characters')
    return key


def tracking_plan_of(document: object, file: str) -> TrackingPlan:
    """Read the content of `tracking.yaml`: `events` by key, `traits` with their types and families, `context`.

    Raises DefinitionError with the file and field of what is wrong, and the nearest known name.

    >>> document = {"events": {"order_completed": {"properties": {"total": "number"}}}}
    >>> tracking_plan_of(document, "tracking.yaml").types_of("order_completed")
    {'total': <ValueType.NUMBER: 'number'>}
    """
    fields = Fields(document, file)
    declared, traits, kept = fields.inner("events"), fields.inner("traits"), fields.inner("context")
    fields.refuse_unknown()
    events = [_event(declared, key) for key in declared.names()] if declared else []
    told = {name: _trait(traits, name) for name in traits.names()} if traits else {}
    return TrackingPlan(
        events={event.key: event for event in events},
        traits={name: kind for name, (kind, _) in told.items()},
        families={name: family for name, (_, family) in told.items() if family is not None},
        context={name: _path(kept, name) for name in kept.names()} if kept else {},
        keys_by_alias=_keys_by_alias(events, file),
    )


def value_type(fields: Fields, name: str) -> ValueType:
    """Return a field that names a type; raises DefinitionError, proposing the nearest type.

    >>> value_type(Fields({"type": "number"}, "tracking.yaml"), "type")
    <ValueType.NUMBER: 'number'>
    """
    text = fields.text(name)
    if text not in list(ValueType):
        hint = did_you_mean(text, list(ValueType))
        raise DefinitionError(f'{fields.place(name)}: unknown type "{shorten(text)}"; {hint}')
    return ValueType(text)


def _trait(traits: Fields, name: str) -> tuple[ValueType, Family | None]:
    if isinstance(traits.value(name), str):
        return value_type(traits, name), None
    fields = traits.inner(name)
    if fields is None:
        raise traits.wrong(name, "a type, or fields with a type", None)
    kind, family = value_type(fields, "type"), fields.text("family", default="")
    fields.refuse_unknown()
    if family and family not in list(Family):
        hint = did_you_mean(family, list(Family))
        raise DefinitionError(f'{fields.place("family")}: unknown family "{shorten(family)}"; {hint}')
    return kind, Family(family) if family else None


def _path(kept: Fields, name: str) -> tuple[str, ...]:
    if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        raise DefinitionError(f"{kept.place(shorten(name))}: a name has 1 to {LONGEST_NAME} characters")
    path = tuple(kept.text(name).split("."))
    if not all(path):
        raise kept.wrong(name, "what of the context is kept, such as userAgent or campaign.source", ".".join(path))
    return path


def _event(events: Fields, key: str) -> EventDeclaration:
    try:
        proper = event_key(key)
    except ValueError as error:
        raise DefinitionError(f"{events.place(key)}: {error}") from error
    if proper != key:
        advice = f'write "{proper}", with "{shorten(key)}" among its aliases'
        raise DefinitionError(f"{events.place(key)}: an event's key is in snake case; {advice}")
    fields = events.inner(key)
    if fields is None:
        return EventDeclaration(key)
    aliases, properties = fields.texts("aliases", default=()), fields.inner("properties")
    after = fields.texts("after", default=())
    fields.refuse_unknown()
    for name in after:
        if name == key or name not in events.names():
            hint = did_you_mean(name, {*events.names()} - {key})
            raise DefinitionError(f'{fields.place("after")}: "{shorten(name)}" is no other event declared here; {hint}')
    declared = {name: _property(properties, name) for name in properties.names()} if properties else {}
    return EventDeclaration(key, aliases, declared, after)


def _property(properties: Fields, name: str) -> PropertyDeclaration:
    if not 0 < len(name) <= LONGEST_NAME:
        raise DefinitionError(f"{properties.place(shorten(name))}: a name has 1 to {LONGEST_NAME} characters")
    if isinstance(properties.value(name), str):
        return PropertyDeclaration(name, value_type(properties, name))
    fields = properties.inner(name)
    if fields is None:
        raise properties.wrong(name, "a type, or fields with a type", None)
    required = fields.value("required")
    if not isinstance(required, bool | None):
        raise fields.wrong("required", "true or false", required)
    declared = PropertyDeclaration(name, value_type(fields, "type"), bool(required))
    fields.refuse_unknown()
    return declared


def _keys_by_alias(events: list[EventDeclaration], file: str) -> dict[str, str]:
    known = {event.key: event.key for event in events}
    for event in events:
        for alias in event.aliases:
            place = Place(file, field=f"events.{event.key}.aliases")
            try:
                names = {alias, event_key(alias)}
            except ValueError as error:
                raise DefinitionError(f"{place}: {error}") from error
            for name in names:
                if known.setdefault(name, event.key) != event.key:
                    raise DefinitionError(
                        f'{place}: "{shorten(alias)}" already means the event "{known[name]}"; give it to one of them'
                    )
    return known


def _words(name: str) -> list[str]:
    """Return the words of a name; "orderCompleted" has two, "HTTPServer" too; marks belong to their letter."""
    words = [""]
    for index, char in enumerate(name):
        before, after = name[index - 1 : index], name[index + 1 : index + 2]
        after_small = before.isalnum() and not _is_capital(before)
        before_small = after.isalpha() and not _is_capital(after)
        if _is_capital(char) and (after_small or (_is_capital(before) and before_small)):
            words.append("")
        if char.isalnum() or unicodedata.category(char).startswith("M"):
            words[-1] += char
        else:
            words.append("")
    return [word for word in words if word]


def _is_capital(char: str) -> bool:
    # Not `isupper`: some capitals have no small letter, and a key must be its own key.
    return char.lower() != char
