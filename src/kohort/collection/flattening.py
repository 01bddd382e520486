"""Flattening the properties or traits of a message into typed values with dotted names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from kohort.collection.scalars import (
    DEEPEST,
    NUL_REFUSED,
    NumberLiteral,
    Unholdable,
    container_problem,
    moment_in,
    number_of,
    text_of,
    type_of,
)
from kohort.definitions.tracking import LONGEST_NAME
from kohort.definitions.values import ValueType
from kohort.errors import shorten
from kohort.storage.messages import Values

MOST_VALUES: Final = 1_000


class Breach(NamedTuple):
    """What makes a message a dead letter: the JSON pointer (RFC 6901) of the place, and the reason."""

    pointer: str
    reason: str


class Remark(NamedTuple):
    """Something found in a value that did not keep the message out: its name, the check, what it is."""

    name: str
    check: str
    message: str


@dataclass
class Flattened:
    """The values of one message, the first limit that they break, and what else was found."""

    values: Values = field(default_factory=Values)
    breach: Breach | None = None
    remarks: list[Remark] = field(default_factory=list)


class _Leaf(NamedTuple):
    name: str
    pointer: str
    value: Any


def flatten(document: Mapping[str, Any], pointer: str, types: Mapping[str, ValueType], zone: ZoneInfo) -> Flattened:
    """Flatten what `JSON` decoded; `pointer` is its place in the message, `types` the declared types by dotted name.

    Objects become dotted names; a list of texts stays one; any other list is kept as JSON text. null is `removed`.
    A number that cannot be held is left out, and a value of another type than declared keeps its own: both are
    remarks. A time declared as such is read from its ISO 8601 text, in `zone` if it has no offset.

    >>> flatten({"cart": {"total": 5, "tags": ["a"]}}, "/properties", {}, ZoneInfo("UTC")).values
    Values(numbers={'cart.total': 5000000}, texts={}, booleans={}, moments={}, lists={'cart.tags': ['a']}, ...)
    """
    plain = _plain_values(document, types)
    return _flattened(document, pointer, types, zone) if plain is None else Flattened(plain)


def _plain_values(document: Mapping[str, Any], types: Mapping[str, ValueType]) -> Values | None:
    """Return the values where each is a single one of the type declared, if any; None means: look at each by itself."""
    if len(document) > MOST_VALUES:
        return None
    values = Values({}, {}, {}, {}, {}, {}, [])
    numbers, texts, booleans = values.numbers, values.texts, values.booleans
    for name, value in document.items():
        kind = type(value)
        if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
            return None
        if kind is str and "\0" not in value:
            texts[name] = value
        elif kind is bool:
            booleans[name] = value
        elif kind is int or kind is NumberLiteral:
            number = number_of(value)
            if isinstance(number, Unholdable):
                return None
            numbers[name] = number
        elif value is None:
            values.removed.append(name)
        else:
            return None
    return values if _as_declared(values, document, types) else None


def _as_declared(values: Values, document: Mapping[str, Any], types: Mapping[str, ValueType]) -> bool:
    plain: Mapping[ValueType, Mapping[str, Any]] = {
        ValueType.NUMBER: values.numbers,
        ValueType.TEXT: values.texts,
        ValueType.BOOLEAN: values.booleans,
    }
    return all(name in plain.get(kind, ()) or document.get(name) is None for name, kind in types.items())


def _flattened(document: Mapping[str, Any], pointer: str, types: Mapping[str, ValueType], zone: ZoneInfo) -> Flattened:
    flattened = Flattened(Values({}, {}, {}, {}, {}, {}, []))
    seen: set[str] = set()
    for leaf in _leaves(document, pointer):
        if isinstance(leaf, Breach):
            flattened.breach = leaf
            return flattened
        if leaf.name in seen:
            flattened.remarks.append(Remark(leaf.name, "repeated_name", "the name comes twice; the last value counts"))
            _forget(flattened.values, leaf.name)
        seen.add(leaf.name)
        if len(seen) > MOST_VALUES:
            flattened.breach = Breach(pointer, f"more than {MOST_VALUES:,} values")
            return flattened
        _put(flattened, leaf, types.get(leaf.name), zone)
    return flattened


def _leaves(document: Mapping[str, Any], pointer: str) -> Iterator[_Leaf | Breach]:
    # A stack instead of recursion: the depth is the sender's choice. Reversed, so that the order is the document's.
    # The message is level 1, its properties are level 2.
    stack = [(name, _step(pointer, name), value, 3) for name, value in reversed([*document.items()])]
    while stack:
        name, place, value, depth = stack.pop()
        breach = _breach(name, place, value, depth)
        if breach:
            yield breach
        elif isinstance(value, dict):
            inner = reversed([*value.items()])
            stack.extend((f"{name}.{part}", _step(place, part), one, depth + 1) for part, one in inner)
        else:
            yield _Leaf(name, place, value)


def _breach(name: str, place: str, value: object, depth: int) -> Breach | None:
    if not 0 < len(name) <= LONGEST_NAME:
        return Breach(place, f"a name has 1 to {LONGEST_NAME} characters, this one {len(name)}")
    if "\0" in name or (isinstance(value, str) and "\0" in value):
        return Breach(place, NUL_REFUSED)
    if isinstance(value, list):
        problem = container_problem(value, depth)
        return Breach(place, problem) if problem else None
    if isinstance(value, dict) and depth > DEEPEST:
        return Breach(place, f"nested deeper than {DEEPEST} levels")
    return None


def _put(flattened: Flattened, leaf: _Leaf, declared: ValueType | None, zone: ZoneInfo) -> None:
    name, value = leaf.name, leaf.value
    if value is None:
        flattened.values.removed.append(name)
        return
    own = type_of(value)
    if declared is ValueType.MOMENT and own is ValueType.TEXT:
        try:
            flattened.values.moments[name] = moment_in(value, zone)
        except ValueError as error:
            flattened.remarks.append(Remark(name, "declared_type", f"declared as moment, but {error}; it stays text"))
        else:
            return
    elif declared is not None and declared is not own:
        found = f'declared as {declared}, but found {own} "{shorten(text_of(value))}"; it stays {own}'
        flattened.remarks.append(Remark(name, "declared_type", found))
    if own is ValueType.NUMBER:
        _put_number(flattened, name, value)
    else:
        _own_kind(flattened.values, own, value)[name] = value if own is not ValueType.TEXT else text_of(value)


def _put_number(flattened: Flattened, name: str, value: str | int) -> None:
    number = number_of(value)
    if isinstance(number, Unholdable):
        message = f'"{shorten(str(value))}" is NaN, infinite or too large; it is left out'
        flattened.remarks.append(Remark(name, "unholdable_number", message))
    else:
        flattened.values.numbers[name] = number


def _own_kind(values: Values, own: ValueType, value: object) -> dict[str, Any]:
    if own is ValueType.BOOLEAN:
        return values.booleans
    if own is ValueType.TEXT_LIST:
        return values.lists
    return values.texts if isinstance(value, str) else values.others


def _forget(values: Values, name: str) -> None:
    for kind in (values.numbers, values.texts, values.booleans, values.moments, values.lists, values.others):
        kind.pop(name, None)
    if name in values.removed:
        values.removed.remove(name)


def _step(pointer: str, name: str) -> str:
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
