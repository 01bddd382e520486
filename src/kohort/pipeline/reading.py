"""Reading records of the journal into what their messages say."""

import gc
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

import msgspec

from kohort.clock import Moment
from kohort.collection.batches import InputFinding, merged
from kohort.collection.received_messages import read_received
from kohort.definitions.identity import IdentityDefinition
from kohort.pipeline.stretches import Stretch, stretch_of
from kohort.pipeline.tracking_plans import plan_of
from kohort.storage.frames import Record
from kohort.storage.messages import Message, decode_messages
from kohort.storage.received import PlanAdopted, decode_received
from kohort.storage.records import Rejection


@dataclass(frozen=True)
class Terms:
    """What reading depends on: the tracking plan that was in force, and how people are told apart."""

    plan: PlanAdopted
    identity: IdentityDefinition


@dataclass(frozen=True)
class Said:
    """What consecutive records, which hold nothing but messages, say.

    `sizes` are how many messages each has; dead letters stand with the moment at which they were recorded.
    """

    stretch: Stretch
    sizes: Sequence[int]
    letters: Sequence[tuple[Moment, Rejection]]
    remarks: Sequence[InputFinding]


class _Parsed(msgspec.Struct, frozen=True):
    """The messages of one record, its dead letters, and remarks on values."""

    messages: list[Message]
    letters: list[tuple[Moment, Rejection]] = []
    remarks: list[InputFinding] = []


def read_records(records: Sequence[Record], terms: Terms) -> Said:
    """Return what records say; raises nothing for what people sent."""
    with _leaving_garbage():
        parsed = _parsed(records, terms)
        messages = [message for one in parsed for message in one.messages]
        return Said(
            stretch_of(messages, terms.identity),
            [len(one.messages) for one in parsed],
            [letter for one in parsed for letter in one.letters],
            merged([remark for one in parsed for remark in one.remarks]),
        )


def messages_of(records: Sequence[Record], terms: Terms) -> list[Message]:
    """Return the messages of records."""
    return [message for one in _parsed(records, terms) for message in one.messages]


def messages_at(places: Iterable[int], records: Sequence[Record], terms: Terms, said: Said) -> list[Message]:
    """Return the messages at some places among those of records, which are read again."""
    ends = [*accumulate(said.sizes)]
    read: dict[int, list[Message]] = {}
    found = []
    for place in places:
        number = bisect_right(ends, place)
        if number not in read:
            read[number] = messages_of([records[number]], terms)
        found.append(read[number][place - ends[number]])  # counted from the end
    return found


def _parsed(records: Sequence[Record], terms: Terms) -> list[_Parsed]:
    adopted, found = plan_of(terms.plan), []
    for record in records:
        if record.kind == "messages":
            found.append(_Parsed(decode_messages(record.body)))
            continue
        received = decode_received(record.body)
        batch = read_received(received, record.seq, adopted.plan, adopted.zone, terms.identity)
        letters = [(record.recorded_at, one) for one in batch.rejected]
        found.append(_Parsed(batch.messages, letters, batch.warnings))
    return found


@contextmanager
def _leaving_garbage() -> Iterator[None]:
    """Let nothing be searched for circles, of which reading makes none: that would cost more than reading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
