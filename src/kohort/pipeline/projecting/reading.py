"""Reading records of the journal into what their messages say."""

import gc
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.collection.batches import InputFinding, merged
from kohort.collection.received_messages import read_rest
from kohort.collection.usual_events import UsualEvents, usual_events
from kohort.definitions.identity import IdentityDefinition
from kohort.pipeline.projecting.stretches import Stretch, stretch_of
from kohort.pipeline.projecting.tracking_plans import AdoptedPlan, plan_of
from kohort.storage.frames import Record
from kohort.storage.messages import Message, decode_messages
from kohort.storage.received import Kept, PlanAdopted
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
    """Messages of one record with their numbers in it, its dead letters, and remarks on values."""

    messages: list[Message]
    numbers: Sequence[int]
    letters: list[tuple[Moment, Rejection]] = []
    remarks: list[InputFinding] = []


_NOTHING_LEFT: Final = _Parsed([], range(0))


def read_records(records: Sequence[Record], terms: Terms) -> Said:
    """Return what records say; raises nothing for what people sent."""
    with _leaving_garbage():
        requests = [_request_of(record) for record in records]
        adopted = plan_of(terms.plan)
        usual = usual_events(requests, adopted.plan, adopted.zone, terms.identity)
        borders = np.searchsorted(usual.requests, range(len(records) + 1)).tolist()
        parsed = [
            _NOTHING_LEFT
            if number in usual.whole
            else _parsed(record, requests[number], adopted, terms.identity, set(usual.numbers[start:end].tolist()))
            for number, (record, (start, end)) in enumerate(zip(records, pairwise(borders), strict=True))
        ]
        messages = [message for one in parsed for message in one.messages]
        return Said(
            stretch_of(messages, terms.identity, usual, _places(usual, parsed)),
            [end - start + len(one.messages) for (start, end), one in zip(pairwise(borders), parsed, strict=True)],
            [letter for one in parsed for letter in one.letters],
            merged([remark for one in parsed for remark in one.remarks]),
        )


def _places(usual: UsualEvents, parsed: Sequence[_Parsed]) -> NDArray[np.int64]:
    """Return the places of usual events among all messages."""
    counts = [len(one.numbers) for one in parsed]
    requests = np.concatenate([usual.requests, np.repeat(np.arange(len(parsed)), counts)])
    others = np.fromiter(chain.from_iterable(one.numbers for one in parsed), np.int64, sum(counts))
    places = np.empty(len(requests), np.int64)
    places[np.lexsort((np.concatenate([usual.numbers, others]), requests))] = np.arange(len(requests))
    return places[: len(usual.requests)]


def messages_of(records: Sequence[Record], terms: Terms) -> list[Message]:
    """Return the messages of records."""
    adopted = plan_of(terms.plan)
    parsed = (_parsed(record, _request_of(record), adopted, terms.identity) for record in records)
    return [message for one in parsed for message in one.messages]


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


def _request_of(record: Record) -> Kept | None:
    return Kept(record.body) if record.kind == "received" else None


def _parsed(
    record: Record, request: Kept | None, adopted: AdoptedPlan, identity: IdentityDefinition,
    read: Container[int] = (),
) -> _Parsed:  # fmt: skip
    """Return what a record says but for events that were read already."""
    if request is None:
        messages = decode_messages(record.body)
        return _Parsed(messages, range(len(messages)))
    batch, numbers = read_rest(request.received, record.seq, adopted.plan, adopted.zone, identity, read)
    letters = [(record.recorded_at, one) for one in batch.rejected]
    return _Parsed(batch.messages, numbers, letters, batch.warnings)


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
