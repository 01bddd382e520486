"""A rule as a JSON document, which the API and visual builders exchange, and back; the schema of such documents.

An object names its node by `type` (`and`, `text_test`, `days_since`) and has the node's fields, those left out that
have their default. Exact decimals are strings (`"12.5"`), dates and times ISO 8601.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from kohort.definitions.values import format_micros, micros_of
from kohort.errors import DefinitionError, did_you_mean, shorten
from kohort.rules import nodes
from kohort.rules.literals import Node
from kohort.rules.nodes import Rule

Document = Mapping[str, Any]

_DEEPEST: Final = 64
_EXACT: Final = frozenset({"micros", "deviations", "percent", "quantile", "latitude", "longitude", "distance"})
_DECIMAL: Final = r"^-?[0-9]+(\.[0-9]{1,6})?$"
_SCHEMA: Final = "https://json-schema.org/draft/2020-12/schema"
_JSON_TYPES: Final[Mapping[Any, str]] = {int: "a whole number", bool: "true or false"}
_DATES: Final[Mapping[Any, str]] = {date: "date", datetime: "date-time"}
_KEYS: Final = {"micros": "value"}
_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")


def document_of(rule: Rule) -> dict[str, Any]:
    """Return `rule` as plain values for JSON.

    >>> from kohort.rules.parse import parse_rule
    >>> document_of(parse_rule("clv in top 5%"))
    {'type': 'extreme', 'value': {'type': 'trait', 'name': 'clv'}, 'side': 'top', 'percent': '5'}
    """
    written: dict[str, Any] = _written(rule)
    return written


def rule_of(document: object) -> Rule:
    """Return the rule of a document; names and types are another question (`kohort.rules.check`).

    Raises DefinitionError with the place (`$.parts[0].value`) of what is no rule, and what a node itself refuses.

    >>> rule_of({"type": "did", "event": "order_completed"})
    Did(event='order_completed', where=None, window=None)
    """
    rule: Rule = _read(document, nodes.Condition, "$", 0)
    return rule


@cache
def rule_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of all documents that `rule_of` reads, but for limits across fields.

    >>> rule_schema()["$defs"]["in_segment"]["required"]
    ['type', 'name']
    """
    found: dict[str, Any] = {}
    root = _schema_of(nodes.Condition, "", found)
    return {"$schema": _SCHEMA, "title": "A rule of Kohort", **root, "$defs": dict(sorted(found.items()))}


def _written(value: object, exact: bool = False) -> Any:
    match value:
        case Node():
            kept = {one.name: getattr(value, one.name) for one in _fields(type(value))}
            return {"type": _name(type(value))} | {
                _key(one): _written(kept[one.name], one.name in _EXACT)
                for one in _fields(type(value))
                if kept[one.name] != one.default
            }
        case tuple():
            return [_written(one) for one in value]
        case StrEnum():
            return value.value
        case date():
            return value.isoformat()
        case int() if exact:
            return format_micros(value)
        case _:
            return value


@dataclass(frozen=True)
class _Kind:
    """What a field can hold: nodes by their name, or one plain type; a list of either."""

    by_name: Mapping[str, type[Node]]
    plain: Any
    optional: bool


@cache
def _kind(hint: Any) -> _Kind:
    options = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    by_name = {_name(one): one for one in options if isinstance(one, type) and issubclass(one, Node)}
    plain = [one for one in options if isinstance(one, type) and one is not NoneType and not issubclass(one, Node)]
    return _Kind(by_name, plain[0] if plain else None, NoneType in options)


def _read(value: object, hint: Any, place: str, depth: int, exact: bool = False) -> Any:
    if depth > _DEEPEST:
        raise DefinitionError(f"{place} is nested too deep for a rule")
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise _wrong(place, "a list", value)
        return tuple(_read(one, get_args(hint)[0], f"{place}[{index}]", depth + 1) for index, one in enumerate(value))
    kind = _kind(hint)
    if value is None and kind.optional:
        return None
    if kind.by_name:
        return _read_node(value, kind.by_name, place, depth)
    return _read_plain(value, str if exact else kind.plain, place, exact)


def _read_node(value: object, by_name: Mapping[str, type[Node]], place: str, depth: int) -> Node:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise _wrong(place, 'an object with a "type"', value)
    name = value["type"]
    if name not in by_name:
        raise DefinitionError(f'{place}.type: "{shorten(name)}" cannot stand here; {did_you_mean(name, by_name)}')
    node = by_name[name]
    known = {_key(one): one for one in _fields(node)}
    for key in value:
        if key != "type" and key not in known:
            raise DefinitionError(f'{place}: unknown field "{shorten(str(key))}"; {did_you_mean(str(key), known)}')
    missing = [key for key, one in known.items() if one.default is MISSING and key not in value]
    if missing:
        raise DefinitionError(f'{place}: the field "{missing[0]}" is missing')
    hints = _hints(node)
    given = {
        one.name: _read(value[key], hints[one.name], f"{place}.{key}", depth + 1, one.name in _EXACT)
        for key, one in known.items()
        if key in value
    }
    try:
        return node(**given)
    except DefinitionError as error:
        raise DefinitionError(f"{place}: {error}") from error


def _read_plain(value: object, wanted: Any, place: str, exact: bool) -> Any:
    if wanted in _JSON_TYPES:
        if type(value) is wanted:
            return value
        raise _wrong(place, _JSON_TYPES[wanted], value)
    if not isinstance(value, str):
        raise _wrong(place, "a text", value)
    reader, expected = _reader(wanted, exact)
    try:
        return reader(value)
    except ValueError as error:
        raise _wrong(place, expected, value) from error


def _reader(wanted: Any, exact: bool) -> tuple[Callable[[str], Any], str]:
    """Return what reads a text as a plain type, and what that type looks like."""
    if exact:
        return micros_of, 'a decimal in quotes such as "12.5"'
    if issubclass(wanted, StrEnum):
        return wanted, "one of " + ", ".join(f'"{one.value}"' for one in wanted)
    if wanted in _DATES:
        return wanted.fromisoformat, f"an ISO 8601 {_DATES[wanted]} such as 2026-01-31"
    return str, "a text"


def _wrong(place: str, expected: str, value: object) -> DefinitionError:
    return DefinitionError(f"{place}: expected {expected}, not {shorten(repr(value), 40)}")


def _schema_of(hint: Any, field: str, found: dict[str, Any]) -> dict[str, Any]:
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _schema_of(get_args(hint)[0], field, found)}
    kind = _kind(hint)
    for name, node in kind.by_name.items():
        if name not in found:
            found[name] = {}
            found[name] = _schema_of_node(name, node, found)
    if kind.by_name:
        options = [{"$ref": f"#/$defs/{name}"} for name in sorted(kind.by_name)]
        options += [{"type": "null"}] if kind.optional else []
        return options[0] if len(options) == 1 else {"anyOf": options}
    if field in _EXACT:
        return {"type": "string", "pattern": _DECIMAL}
    plain = kind.plain
    if plain is not None and issubclass(plain, StrEnum):
        return {"enum": [one.value for one in plain]}
    if plain in _DATES:
        return {"type": "string", "format": _DATES[plain]}
    return {"type": {int: "integer", bool: "boolean"}.get(plain, "string")}


def _schema_of_node(name: str, node: type[Node], found: dict[str, Any]) -> dict[str, Any]:
    hints = _hints(node)
    its = _fields(node)
    return {
        "type": "object",
        "description": (node.__doc__ or "").strip().split("\n")[0],
        "properties": {"type": {"const": name}}
        | {_key(one): _schema_of(hints[one.name], one.name, found) for one in its},
        "required": ["type", *(_key(one) for one in its if one.default is MISSING)],
        "additionalProperties": False,
    }


def _fields(node: type[Any]) -> tuple[Field[Any], ...]:
    return tuple(one for one in fields(node) if one.name != "span")


def _hints(node: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(node)


def _name(node: type) -> str:
    return _WORD.sub("_", node.__name__).lower()


def _key(one: Field[Any]) -> str:
    return _KEYS.get(one.name, one.name)
