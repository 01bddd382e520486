"""Messages as columns, and the digests of such messages."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import repeat
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.values import ValueType
from kohort.storage.messages import Message, MessageType

PLAIN_FIELDS: Final = {ValueType.NUMBER: "numbers", ValueType.TEXT: "texts", ValueType.BOOLEAN: "booleans"}
"""The field of `Values` that holds each type of single values, in its order."""

_ESCAPED: Final = re.compile(r'["\\\x00-\x1f]')


@dataclass
class Heads:
    """What every message has, by column."""

    event_ids: list[str]
    types: list[MessageType]
    moments: list[Moment]
    received_at: list[Moment]
    sources: list[str]
    names: list[str]
    user_ids: list[str]
    anonymous_ids: list[str]


def heads_of(messages: Iterable[Message]) -> Heads:
    """Return what messages have.

    >>> heads_of([Message("1", "page", 5, 6, "web", "visit", "u")]).user_ids
    ['u']
    """
    its = [*messages]
    return Heads(
        event_ids=[one.event_id for one in its],
        types=[one.type for one in its],
        moments=[one.ts for one in its],
        received_at=[one.received_at for one in its],
        sources=[one.source for one in its],
        names=[one.name for one in its],
        user_ids=[one.user_id for one in its],
        anonymous_ids=[one.anonymous_id for one in its],
    )


class Alike(NamedTuple):
    """Messages of one name whose values have the same names and types: their places, and the values by type and name.

    A column has a value for each place.
    """

    name: str
    places: NDArray[np.int64]
    columns: Sequence[tuple[ValueType, str, pa.Array]]


def digests_of(heads: Heads, alike: Sequence[Alike], said: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the digest of each message, `said` being the times that their senders gave; see `Message.digest`.

    All values are in `alike`, and nothing but them is said beside the heads. The JSON that is hashed is put together by
    columns.

    >>> from kohort.storage.messages import Values
    >>> one = Message("1", "page", 5, 6, "web", "visit", "u", values=Values({"a": 1}, {"b": 'say "it"'}))
    >>> columns = [(ValueType.NUMBER, "a", pa.array([1])), (ValueType.TEXT, "b", pa.array(['say "it"']))]
    >>> alike = Alike("visit", np.array([0]), columns)
    >>> digests_of(heads_of([one]), [alike], np.array([5])).tolist() == [one.digest()]
    True
    """
    begins = [
        f'{{"event_id":{event_id},"type":"{kind}","ts":{time},"source":{source},"name":{name}{user}{visitor}'
        for event_id, kind, time, source, name, user, visitor in zip(
            _quoted(heads.event_ids), heads.types, said.tolist(), _quoted(heads.sources), _quoted(heads.names),
            _given("user_id", heads.user_ids), _given("anonymous_id", heads.anonymous_ids), strict=True,
        )
    ]  # fmt: skip
    hashes = [b""] * len(begins)
    for one in alike:
        form, columns = _values_form(one)
        rows = zip(*columns, strict=True) if columns else repeat(())
        for place, row in zip(one.places.tolist(), rows, strict=False):
            hashes[place] = blake2b((begins[place] + form % row).encode(), digest_size=8).digest()
    return (np.frombuffer(b"".join(hashes), ">u8") >> np.uint64(1)).astype(np.int64)


def _values_form(alike: Alike) -> tuple[str, list[list[Any]]]:
    """Return how values are written, with a place for each, and what stands in these places, by column."""
    parts, columns = [], []
    for kind, field in PLAIN_FIELDS.items():
        its = sorted((name, values.to_pylist()) for one, name, values in alike.columns if one is kind)
        if its:
            names = (msgspec.json.encode(name).decode().replace("%", "%%") for name, _ in its)
            parts.append(f'"{field}":{{{",".join(f"{name}:%s" for name in names)}}}')
            columns += [_written(kind, values) for _, values in its]
    return f',"values":{{{",".join(parts)}}}}}', columns


def _written(kind: ValueType, values: list[Any]) -> list[Any]:
    if kind is ValueType.TEXT:
        return _quoted(values)
    return ["true" if one else "false" for one in values] if kind is ValueType.BOOLEAN else values


def _given(field: str, texts: list[str]) -> list[str]:
    return [f',"{field}":{quoted}' if text else "" for text, quoted in zip(texts, _quoted(texts), strict=True)]


def _quoted(texts: list[str]) -> list[str]:
    if _ESCAPED.search("".join(texts)):
        return [msgspec.json.encode(one).decode() for one in texts]
    return [f'"{one}"' for one in texts]
