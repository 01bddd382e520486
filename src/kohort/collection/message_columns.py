"""Messages as columns, and the digests of such messages."""

from collections.abc import Collection, Iterator, Sequence
from operator import itemgetter
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.definitions.values import ValueType
from kohort.storage.hashing import hashes_of
from kohort.storage.messages import Message

PLAIN_FIELDS: Final = {ValueType.NUMBER: "numbers", ValueType.TEXT: "texts", ValueType.BOOLEAN: "booleans"}
"""The field of `Values` that holds each type of single values, in its order."""

# JSON escapes these and what comes before the first.
_FIRST_PLAIN: Final = ord(" ")
_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_NO_BYTES: Final = np.zeros(0, np.uint8)

_Piece: TypeAlias = str | pa.Array


class Heads(NamedTuple):
    """What every message has, by column."""

    event_ids: pa.Array
    types: pa.Array
    moments: pa.Array
    received_at: pa.Array
    sources: pa.Array
    names: pa.Array
    user_ids: pa.Array
    anonymous_ids: pa.Array


def heads_of(messages: Collection[Message]) -> Heads:
    """Return what messages have.

    >>> heads_of([Message("1", "page", 5, 6, "web", "visit", "u")]).user_ids.to_pylist()
    ['u']
    """
    return Heads(
        event_ids=pa.array([one.event_id for one in messages], pa.string()),
        types=pa.array([one.type for one in messages], pa.string()),
        moments=pa.array([one.ts for one in messages], pa.int64()),
        received_at=pa.array([one.received_at for one in messages], pa.int64()),
        sources=pa.array([one.source for one in messages], pa.string()),
        names=pa.array([one.name for one in messages], pa.string()),
        user_ids=pa.array([one.user_id for one in messages], pa.string()),
        anonymous_ids=pa.array([one.anonymous_id for one in messages], pa.string()),
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
    begins = _joined(
        *('{"event_id":', *_quoted(heads.event_ids), ',"type":"', heads.types, '","ts":', pa.array(said)),
        *(',"source":', *_quoted(heads.sources), ',"name":', *_quoted(heads.names)),
        *(_field("user_id", heads.user_ids), _field("anonymous_id", heads.anonymous_ids)),
        no_value="replace",
    )
    digests = np.empty(len(begins), np.uint64)
    for one in alike:
        texts = _joined(begins.take(pa.array(one.places)), *_values_of(one))
        hashes = hashes_of(texts.cast(pa.binary()).to_numpy(zero_copy_only=False), 8)
        digests[one.places] = np.frombuffer(hashes, ">u8")
    return (digests >> np.uint64(1)).astype(np.int64)


def _values_of(alike: Alike) -> Iterator[_Piece]:
    """Yield the pieces of how values are written."""
    yield ',"values":{'
    following = ""
    for kind, field in PLAIN_FIELDS.items():
        its = sorted(((name, values) for one, name, values in alike.columns if one is kind), key=itemgetter(0))
        for number, (name, values) in enumerate(its):
            start = "," if number else f'{following}"{field}":{{'
            yield f"{start}{msgspec.json.encode(name).decode()}:"
            yield from _quoted(values) if kind is ValueType.TEXT else [values]
        following = "}," if its else following
    yield "}}}" if following else "}}"


def _field(name: str, texts: pa.Array) -> pa.Array:
    """Return how texts are written with the name of their field, null where they are empty."""
    return _joined(f',"{name}":', *_quoted(pc.if_else(pc.equal(texts, ""), None, texts)))


def _quoted(texts: pa.Array) -> Sequence[_Piece]:
    content = texts.buffers()[2]
    held = np.frombuffer(content, np.uint8) if content else _NO_BYTES
    # Looking at more than these texts, where they are a part of others, costs time only.
    if ((held < _FIRST_PLAIN) | (held == _QUOTE) | (held == _BACKSLASH)).any():
        written = [None if one is None else msgspec.json.encode(one).decode() for one in texts.to_pylist()]
        return [pa.array(written, pa.string())]
    return ['"', texts, '"']


def _joined(*pieces: _Piece, no_value: Literal["emit_null", "replace"] = "emit_null") -> pa.Array:
    """Return pieces one behind the other in each row; where a column has no value, there is nothing, or "" for it."""
    joined: list[_Piece] = []
    for one in pieces:
        if isinstance(one, str) and joined and isinstance(joined[-1], str):
            joined[-1] += one
        else:
            joined.append(one if isinstance(one, str) else one.cast(pa.string()))
    return pc.binary_join_element_wise(*joined, "", null_handling=no_value, null_replacement="")
