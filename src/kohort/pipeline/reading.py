"""Reading records of the journal into what their messages say."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import msgspec

from kohort.clock import Moment
from kohort.collection.batches import InputFinding, merged
from kohort.collection.received_messages import read_received
from kohort.definitions.identity import IdentityDefinition
from kohort.pipeline.stretches import Stretch, stretch_of
from kohort.pipeline.tracking_plans import AdoptedPlan
from kohort.storage.frames import Record
from kohort.storage.messages import Message, decode_messages
from kohort.storage.received import decode_received
from kohort.storage.records import Rejection


@dataclass(frozen=True)
class Terms:
    """What reading depends on: the tracking plan that was in force, and how people are told apart."""

    adopted: AdoptedPlan
    identity: IdentityDefinition


class Parsed(msgspec.Struct, frozen=True):
    """The messages of one record, its dead letters, and remarks on values."""

    messages: list[Message]
    letters: list[tuple[Moment, Rejection]] = []
    remarks: list[InputFinding] = []


@dataclass(frozen=True)
class Said:
    """What consecutive records, which hold nothing but messages, say.

    `sizes` are how many messages each has; dead letters stand with the moment at which they were recorded.
    """

    stretch: Stretch
    sizes: Sequence[int]
    letters: Sequence[tuple[Moment, Rejection]]
    remarks: Sequence[InputFinding]


def read_records(records: Sequence[Record], terms: Terms) -> Said:
    """Return what records say; raises nothing for what people sent."""
    parsed = [parse(record, terms) for record in records]
    return Said(
        stretch_of([message for one in parsed for message in one.messages], terms.identity),
        [len(one.messages) for one in parsed],
        [letter for one in parsed for letter in one.letters],
        merged([remark for one in parsed for remark in one.remarks]),
    )


def messages_at(records: Sequence[Record], said: Said, places: Iterable[int], terms: Terms) -> list[Message]:
    """Return the messages at some places, read again."""
    ends = [*accumulate(said.sizes)]
    read: dict[int, Parsed] = {}
    found = []
    for place in places:
        number = bisect_right(ends, place)
        if number not in read:
            read[number] = parse(records[number], terms)
        found.append(read[number].messages[place - ends[number]])  # counted from the end
    return found


def parse(record: Record, terms: Terms) -> Parsed:
    """Read one record of the kind "messages" or "received"."""
    if record.kind == "messages":
        return Parsed(decode_messages(record.body))
    adopted, received = terms.adopted, decode_received(record.body)
    batch = read_received(received, record.seq, adopted.plan, adopted.zone, terms.identity)
    letters = [(record.recorded_at, one) for one in batch.rejected]
    return Parsed(batch.messages, letters, batch.warnings)
