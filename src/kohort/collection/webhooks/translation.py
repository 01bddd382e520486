"""From the body of a delivery to messages of the Segment format, as a mapping says."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from kohort.clock import Moment, format_moment, parse_moment
from kohort.collection.scalars import Unholdable, boolean_of, number_of, text_of, with_literals
from kohort.definitions.values import ValueType, decimal_of
from kohort.definitions.webhook import UNITS, DeliveryMapping, Gathering, Path, Pick, Picks, TimePick
from kohort.errors import InputError, shorten

Headers = Mapping[str, str]
Message = dict[str, Any]

_UTC: Final = ZoneInfo("UTC")
_LARGEST_YEARS: Final = 10**17
"""Microseconds: somewhat more than the year 5000."""


class UnreadableError(InputError):
    """A delivery is genuine, and its mapping cannot read it: `place` says where."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place, self.reason = place, reason


def translate(mapping: DeliveryMapping, message_id: str, body: object, headers: Headers, now: Moment) -> list[Message]:
    """Return the messages of a delivery: an identify with the traits, a track of the event, or both.

    `body` is what `kohort.collection.scalars.JSON` decoded, `now` the time if the mapping names none. Raises
    UnreadableError for what the mapping cannot read.

    >>> mapping = DeliveryMapping("order_completed", user_id=(Pick(("customer", "id")),),
    ...                           properties={"total": (Pick(("total",), type=ValueType.NUMBER),)})
    >>> (message,) = translate(mapping, "m1", {"customer": {"id": 7}, "total": "9.90"}, {}, 0)
    >>> message["userId"], message["properties"], message["timestamp"]
    ('7', {'total': Decimal('9.9')}, '1970-01-01T00:00:00+00:00')
    """
    reader = _Reader(body, headers)
    person = {
        name: value
        for name, picks in (("userId", mapping.user_id), ("anonymousId", mapping.anonymous_id))
        if (value := reader.identifier(picks, name))
    }
    if not person:
        raise UnreadableError(
            "/userId", "no person: nothing stands where the mapping says that user_id and anonymous_id are"
        )
    common = {**person, "timestamp": format_moment(reader.time(mapping.time, now), _UTC)}
    traits = reader.values(mapping.traits_from, mapping.traits, "traits")
    event = mapping.event if isinstance(mapping.event, str) else reader.text(mapping.event, "event")
    messages: list[Message] = []
    if traits:
        messages.append({"type": "identify", "messageId": f"{message_id}-traits", **common, "traits": traits})
    if event:
        properties = reader.values(mapping.properties_from, mapping.properties, "properties")
        track = {"type": "track", "messageId": message_id, "event": event, **common, "properties": properties}
        messages.append(track)
    if not messages:
        raise UnreadableError("/event", "neither an event nor traits: nothing stands where the mapping says they are")
    return messages


def picked(picks: Picks, body: object, headers: Headers) -> object:
    """Return what stands at the first place that has something; None for nothing, as an empty text is.

    >>> picked((Pick(("a", "b")), Pick(header="x-topic")), {"a": {}}, {"x-topic": "orders/create"})
    'orders/create'
    """
    for pick in picks:
        value = headers.get(pick.header) if pick.header else _picked(pick, body)
        if value not in (None, "", []):
            return _typed(value, pick.type)
    return None


class _Reader:
    """One delivery, and what its mapping finds in it."""

    def __init__(self, body: object, headers: Headers) -> None:
        self._body, self._headers = body, headers

    def text(self, picks: Picks, name: str) -> str:
        value = self._value(picks, name)
        if isinstance(value, dict | list):
            raise UnreadableError(f"/{name}", f'expected text or a number, got "{shorten(text_of(value))}"')
        return "" if value is None else text_of(value)

    def identifier(self, picks: Picks, name: str) -> str:
        """Return who it is; shops write 0 where nobody is known."""
        for pick in picks:
            found = self.text((pick,), name)
            if found not in {"", "0"}:
                return found
        return ""

    def time(self, time: TimePick | None, now: Moment) -> Moment:
        value = None if time is None else self._value(time.picks, "time")
        if time is None or value is None:
            return now
        try:
            if not time.unit:
                return parse_moment(value if isinstance(value, str) else text_of(value), time.zone)
            amount = number_of(value)
        except ValueError as error:
            raise UnreadableError("/time", str(error)) from error
        moment = None if isinstance(amount, Unholdable) else amount * UNITS[time.unit] // 1_000_000
        if moment is None or abs(moment) > _LARGEST_YEARS:
            raise UnreadableError("/time", f'"{shorten(text_of(value))}" {time.unit} since 1970 is no time')
        return moment

    def values(self, gathering: Gathering | None, named: Mapping[str, Picks], name: str) -> dict[str, object]:
        found = dict(self._gathered(gathering, name)) if gathering else {}
        found |= {one: self._value(picks, f"{name}/{one}") for one, picks in named.items()}
        return {one: value for one, value in found.items() if value is not None}

    def _gathered(self, gathering: Gathering, name: str) -> Iterator[tuple[str, object]]:
        there = _at(self._body, gathering.path)
        if not gathering.name:
            if there is not None and not isinstance(there, dict):
                raise UnreadableError(f"/{name}", "expected an object")
            yield from ((one, with_literals(value)) for one, value in (there or {}).items())
            return
        for element in there if isinstance(there, list) else []:
            key = picked(gathering.name, element, self._headers)
            if key is not None:
                yield text_of(key), picked(gathering.value, element, self._headers)

    def _value(self, picks: Picks, name: str) -> object:
        try:
            return picked(picks, self._body, self._headers)
        except ValueError as error:
            raise UnreadableError(f"/{name}", str(error)) from error


def _picked(pick: Pick, body: object) -> object:
    if pick.each is None:
        return _at(body, pick.path)
    elements = _at(body, pick.each)
    if not isinstance(elements, list):
        return None
    if pick.aggregate == "count":
        return len(elements)
    found = [value for element in elements if (value := _at(element, pick.path)) not in (None, "")]
    if pick.aggregate == "first":
        return found[0] if found else None
    if pick.aggregate == "sum":
        amounts = [number_of(value) for value in found]
        return decimal_of(sum(one for one in amounts if not isinstance(one, Unholdable))) if found else None
    return found


def _at(value: object, path: Path) -> object:
    for name in path:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and len(name) < 10:  # noqa: PLR2004
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def _typed(value: object, kind: ValueType | None) -> object:
    if isinstance(value, list):
        return [_typed(one, kind) for one in value]
    if kind is ValueType.NUMBER:
        amount = number_of(value)
        # What cannot be held goes on as it came, to be counted as missing where all such numbers are.
        return with_literals(value) if isinstance(amount, Unholdable) else decimal_of(amount)
    if kind is ValueType.BOOLEAN:
        return boolean_of(value)
    return text_of(value) if kind is ValueType.TEXT else with_literals(value)


def encoded(message: Message) -> bytes:
    """Return a message as JSON; a decimal is a number with every digit.

    >>> from decimal import Decimal
    >>> encoded({"total": Decimal("9.90")})
    b'{"total":9.90}'
    """
    return _ENCODER.encode(message)


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
