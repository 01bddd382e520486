"""Messages as columns, and the digests of such messages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.values import ValueType
from kohort.storage.messages import Message, MessageType

PLAIN_FIELDS: Final = {ValueType.NUMBER: "numbers", ValueType.TEXT: "texts", ValueType.BOOLEAN: "booleans"}
"""The field of `Values` that holds each type of single values, in its order."""

# JSON escapes these and what comes before the first.
_FIRST_PLAIN: Final = ord(" ")
_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_NO_BYTES: Final = np.zeros(0, np.uint8)


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
    begins = pc.binary_join_element_wise(
        *('{"event_id":', _quoted(_texts(heads.event_ids)), ',"type":"', _texts(heads.types), '","ts":'),
        *(_written(ValueType.NUMBER, pa.array(said)), ',"source":', _quoted(_texts(heads.sources))),
        *(',"name":', _quoted(_texts(heads.names))),
        *(_given("user_id", heads.user_ids), _given("anonymous_id", heads.anonymous_ids), ""),
    )
    hashes = np.empty(len(begins), object)
    for one in alike:
        texts = pc.binary_join_element_wise(begins.take(pa.array(one.places)), *_values_of(one), "")
        its = texts.cast(pa.binary()).to_numpy(zero_copy_only=False)
        hashes[one.places] = [blake2b(text, digest_size=8).digest() for text in its]
    return (np.frombuffer(b"".join(hashes), ">u8") >> np.uint64(1)).astype(np.int64)


def _values_of(alike: Alike) -> Iterator[str | pa.Array]:
    """Yield the pieces of how values are written."""
    yield ',"values":{'
    following = ""
    for kind, field in PLAIN_FIELDS.items():
        its = sorted(((name, values) for one, name, values in alike.columns if one is kind), key=itemgetter(0))
        for number, (name, values) in enumerate(its):
            start = "," if number else f'{following}"{field}":{{'
            yield f"{start}{msgspec.json.encode(name).decode()}:"
            yield _written(kind, values)
        following = "}," if its else following
    yield "}}}" if following else "}}"


def _written(kind: ValueType, values: pa.Array) -> pa.Array:
    return _quoted(values) if kind is ValueType.TEXT else values.cast(pa.string())


def _given(field: str, texts: list[str]) -> pa.Array:
    found = _texts(texts)
    written = pc.binary_join_element_wise(f',"{field}":', _quoted(found), "")
    return pc.if_else(pc.equal(found, ""), "", written)


def _texts(texts: Sequence[str]) -> pa.Array:
    return pa.array(texts, pa.string())


def _quoted(texts: pa.Array) -> pa.Array:
    content = texts.buffers()[2]
    held = np.frombuffer(content, np.uint8) if content else _NO_BYTES
    # Looking at more than these texts, where they are a part of others, costs time only.
    if ((held < _FIRST_PLAIN) | (held == _QUOTE) | (held == _BACKSLASH)).any():
        return pa.array([msgspec.json.encode(one).decode() for one in texts.to_pylist()], pa.string())
    return pc.binary_join_element_wise('"', texts, '"', "")
