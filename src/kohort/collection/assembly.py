"""Putting typed columns together as messages, row by row."""

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.source import SourceDefinition
from kohort.definitions.values import ValueType
from kohort.storage.messages import Message, MessageType, Values, derived_id

FIELDS: Final = {
    ValueType.NUMBER: "numbers",
    ValueType.TEXT: "texts",
    ValueType.BOOLEAN: "booleans",
    ValueType.MOMENT: "moments",
    ValueType.TEXT_LIST: "lists",
}
"""The field of `Values` that holds each type."""


class NamedColumn(NamedTuple):
    """A property or trait of all messages: its name, its type, its values, null where missing.

    `raw_of` names the value of which this says how it was written before it was normalised.
    """

    name: str
    type: ValueType
    values: pa.Array
    raw_of: str = ""


class Drafts(NamedTuple):
    """What messages are made of, by column, one entry for each message.

    `identity` are the texts that make the event's id; `ts` int64 moments; the people are null where missing;
    `row_counts` (int64) says how many rows of the input each message stands for, `lines` (int64) where the first of
    them stands, `again` (bool) whether a row before says the same.
    """

    identity: tuple[pa.Array, ...]
    ts: pa.Array
    user_id: pa.Array
    anonymous_id: pa.Array
    columns: tuple[NamedColumn, ...]
    row_counts: NDArray[np.int64]
    lines: NDArray[np.int64]
    again: NDArray[np.bool_]

    def slice(self, start: int, length: int) -> "Drafts":
        """Return at most `length` drafts from `start` on."""
        return Drafts(
            tuple(part.slice(start, length) for part in self.identity),
            self.ts.slice(start, length),
            self.user_id.slice(start, length),
            self.anonymous_id.slice(start, length),
            tuple(one._replace(values=one.values.slice(start, length)) for one in self.columns),
            self.row_counts[start : start + length],
            self.lines[start : start + length],
            self.again[start : start + length],
        )


def messages_of(
    drafts: Drafts, source: SourceDefinition, required: Sequence[str], received_at: Moment
) -> tuple[list[Message], dict[int, str]]:
    """Return the messages of a source, and those refused: the draft's index and the required property it lacks."""
    messages: list[Message] = []
    lacking: dict[int, str] = {}
    kind: MessageType = "track" if source.event else "identify"
    identities = zip(*(part.to_pylist() for part in drafts.identity), strict=True)
    people = zip(drafts.user_id.to_pylist(), drafts.anonymous_id.to_pylist(), strict=True)
    count = len(drafts.row_counts)
    values, rewritten = values_of(drafts.columns, count), rewritten_in(drafts.columns, count)
    every = zip(identities, drafts.ts.to_pylist(), people, values, rewritten, strict=True)
    for index, (identity, ts, (user_id, anonymous_id), said, names) in enumerate(every):
        missing = missing_required(said, required) if required else ""
        if missing:
            lacking[index] = missing
            continue
        messages.append(
            Message(
                event_id=derived_id(source.name, identity),
                type=kind,
                ts=ts,
                received_at=received_at,
                source=source.name,
                name=source.event,
                user_id=user_id or "",
                anonymous_id=anonymous_id or "",
                values=said,
                normalised=names,
            )
        )
    return messages, lacking


def rewritten_in(columns: Sequence[NamedColumn], count: int) -> Iterator[list[str]]:
    """Yield, for each of `count` messages, the values that were written in another form than they are kept in.

    >>> raw = NamedColumn("phone.raw", ValueType.TEXT, pa.array(["06 12 34 56 78", None]), "phone")
    >>> [*rewritten_in([raw], 2)]
    [['phone'], []]
    """
    names = [one.raw_of for one in columns if one.raw_of]
    present = [one.values.is_valid().to_pylist() for one in columns if one.raw_of]
    if not names:
        yield from ([] for _ in range(count))
        return
    for row in zip(*present, strict=True):
        yield [*compress(names, row)]


def values_of(columns: Sequence[NamedColumn], count: int) -> Iterator[Values]:
    """Yield the values of each of `count` messages.

    >>> next(values_of([NamedColumn("total", ValueType.NUMBER, pa.array([5_000_000]))], 1)).numbers
    {'total': 5000000}
    """
    fields, rows = [], []
    for kind, field in FIELDS.items():
        chosen = [column for column in columns if column.type is kind]
        if chosen:
            fields.append(field)
            rows.append(_dictionaries([one.name for one in chosen], [one.values.to_pylist() for one in chosen]))
    if not fields:
        yield from (Values() for _ in range(count))
        return
    for dictionaries in zip(*rows, strict=True):
        yield Values(**dict(zip(fields, dictionaries, strict=True)))


def missing_required(values: Values, required: Sequence[str]) -> str:
    """Return the first required property that is missing, else an empty text.

    >>> missing_required(Values(texts={"store": "7"}), ["store", "total"])
    'total'
    """
    return next((name for name in required if not values.has(name)), "")


def _dictionaries(names: list[str], columns: list[list[Any]]) -> Iterator[dict[str, Any]]:
    for row in zip(*columns, strict=True):
        yield {name: value for name, value in zip(names, row, strict=True) if value is not None}
