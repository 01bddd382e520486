"""What processes that read the journal together say to each other: records and terms one way, what they say back."""

import struct
import subprocess
from collections.abc import Sequence
from typing import IO, Final

import msgspec
import numpy as np
import pyarrow as pa

from kohort.clock import Moment
from kohort.collection.batches import InputFinding
from kohort.definitions.identity import IdentityDefinition
from kohort.pipeline.reading import Said, Terms
from kohort.pipeline.stretches import Property, Stretch
from kohort.storage.frames import Record, RecordKind
from kohort.storage.received import PlanAdopted
from kohort.storage.records import Rejection

_LENGTH: Final = struct.Struct("<Q")


class _Asked(msgspec.Struct, array_like=True):
    records: list[tuple[int, Moment, RecordKind, bytes]]
    plan: PlanAdopted
    identity: IdentityDefinition


class _Told(msgspec.Struct, array_like=True):
    keys: bytes
    digests: bytes
    moments: bytes
    who: bytes
    heads: bytes
    seen: bytes
    linked: bytes
    events: bytes
    properties: list[Property]
    traits: bytes
    choices: bytes
    shown: list[tuple[str, Property | None]]
    sizes: list[int]
    letters: list[tuple[Moment, Rejection]]
    remarks: list[InputFinding]


_ENCODER: Final = msgspec.msgpack.Encoder()
_ASKED: Final = msgspec.msgpack.Decoder(_Asked)
_TOLD: Final = msgspec.msgpack.Decoder(_Told)


def ask(process: subprocess.Popen[bytes], records: Sequence[Record], terms: Terms) -> Said:
    """Let a reader read records; raises OSError or EOFError if it is there no more."""
    if process.stdin is None or process.stdout is None:
        raise EOFError
    asked = _Asked([(one.seq, one.recorded_at, one.kind, one.body) for one in records], terms.plan, terms.identity)
    write_frame(process.stdin, _ENCODER.encode(asked))
    frame = read_frame(process.stdout)
    if frame is None:
        raise EOFError
    return said_of(frame)


def asked_of(frame: bytes) -> tuple[list[Record], Terms]:
    """Return the records to read, and by which terms."""
    asked = _ASKED.decode(frame)
    return [Record(*one) for one in asked.records], Terms(asked.plan, asked.identity)


def told(said: Said) -> bytes:
    """Return what was read as bytes, for `said_of`."""
    its = said.stretch
    return _ENCODER.encode(
        _Told(
            its.keys.tobytes(),
            its.digests.tobytes(),
            its.moments.tobytes(),
            its.who.tobytes(),
            _bytes_of(pa.table({"event_id": its.event_ids, "source": its.sources.dictionary_encode()})),
            _bytes_of(its.seen),
            _bytes_of(its.linked),
            _bytes_of(its.events),
            list(its.properties),
            _bytes_of(its.traits),
            _bytes_of(its.choices),
            list(its.shown),
            list(said.sizes),
            list(said.letters),
            list(said.remarks),
        )
    )


def said_of(frame: bytes) -> Said:
    """Return what `told` made bytes of."""
    its = _TOLD.decode(frame)
    heads = _table_of(its.heads)
    stretch = Stretch(
        keys=np.frombuffer(its.keys, np.uint64).reshape(-1, 2),
        digests=np.frombuffer(its.digests, np.int64),
        event_ids=heads.column("event_id").combine_chunks(),
        sources=heads.column("source").combine_chunks().cast(pa.string()),
        moments=np.frombuffer(its.moments, np.int64),
        who=np.frombuffer(its.who, np.int64),
        seen=_table_of(its.seen),
        linked=_table_of(its.linked),
        events=_table_of(its.events),
        properties=its.properties,
        traits=_table_of(its.traits),
        choices=_table_of(its.choices),
        shown=its.shown,
    )
    return Said(stretch, its.sizes, its.letters, its.remarks)


def write_frame(stream: IO[bytes], content: bytes) -> None:
    """Write what `read_frame` reads."""
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return what was written, None where the stream ends."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = stream.read(length)
    return content if len(content) == length else None


def _bytes_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _table_of(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()
