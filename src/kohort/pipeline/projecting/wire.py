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
from kohort.pipeline.projecting.reading import Said, Terms
from kohort.pipeline.projecting.stretches import Property, Stretch
from kohort.storage.frames import Record, RecordKind
from kohort.storage.received import PlanAdopted
from kohort.storage.records import Rejection

_COUNT: Final = struct.Struct("<Q")

Parts = Sequence[bytes | memoryview]
"""A head, and what it tells of: each is written, and read, as it is, since copying much costs more than finding it."""


class _Asked(msgspec.Struct, array_like=True):
    """The records but for their bodies, and by which terms they are read."""

    records: list[tuple[int, Moment, RecordKind]]
    plan: PlanAdopted
    identity: IdentityDefinition


class _Told(msgspec.Struct, array_like=True):
    """What was read but for arrays and tables."""

    properties: list[Property]
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
    asked = _Asked([(one.seq, one.recorded_at, one.kind) for one in records], terms.plan, terms.identity)
    write_parts(process.stdin, [_ENCODER.encode(asked), *(one.body for one in records)])
    parts = read_parts(process.stdout)
    if parts is None:
        raise EOFError
    return said_of(parts)


def asked_of(parts: Sequence[bytes]) -> tuple[list[Record], Terms]:
    """Return the records to read, and by which terms."""
    asked = _ASKED.decode(parts[0])
    records = [Record(*one, body) for one, body in zip(asked.records, parts[1:], strict=True)]
    return records, Terms(asked.plan, asked.identity)


def told(said: Said) -> Parts:
    """Return what was read, for `said_of`."""
    its = said.stretch
    heads = pa.table({"event_id": its.event_ids, "source": its.sources.dictionary_encode()})
    head = _Told(list(its.properties), list(its.shown), list(said.sizes), list(said.letters), list(said.remarks))
    return [
        _ENCODER.encode(head),
        *(
            np.ascontiguousarray(one).reshape(-1).view(np.uint8).data
            for one in (its.keys, its.digests, its.moments, its.who)
        ),
        *(_bytes_of(one) for one in (heads, its.seen, its.linked, its.events, its.traits, its.choices)),
    ]


def said_of(parts: Parts) -> Said:
    """Return what `told` made parts of."""
    its = _TOLD.decode(parts[0])
    keys, digests, moments, who = parts[1:5]
    heads, seen, linked, events, traits, choices = map(_table_of, parts[5:])
    stretch = Stretch(
        keys=np.frombuffer(keys, np.uint64).reshape(-1, 2),
        digests=np.frombuffer(digests, np.int64),
        event_ids=heads.column("event_id").combine_chunks(),
        sources=heads.column("source").combine_chunks().cast(pa.string()),
        moments=np.frombuffer(moments, np.int64),
        who=np.frombuffer(who, np.int64),
        seen=seen,
        linked=linked,
        events=events,
        properties=its.properties,
        traits=traits,
        choices=choices,
        shown=its.shown,
    )
    return Said(stretch, its.sizes, its.letters, its.remarks)


def write_parts(stream: IO[bytes], parts: Parts) -> None:
    """Write what `read_parts` reads."""
    sizes = [len(parts), *map(len, parts)]
    stream.write(b"".join(map(_COUNT.pack, sizes)))
    for one in parts:
        stream.write(one)
    stream.flush()


def read_parts(stream: IO[bytes]) -> list[bytes] | None:
    """Return what was written, None where the stream ends.

    >>> from io import BytesIO
    >>> stream = BytesIO()
    >>> write_parts(stream, [b"head", b"", b"body"])
    >>> read_parts(BytesIO(stream.getvalue())), read_parts(BytesIO(stream.getvalue()[:-1])), read_parts(BytesIO())
    ([b'head', b'', b'body'], None, None)
    """
    head = stream.read(_COUNT.size)
    if len(head) < _COUNT.size:
        return None
    sizes = stream.read(_COUNT.unpack(head)[0] * _COUNT.size)
    if len(sizes) < _COUNT.unpack(head)[0] * _COUNT.size:
        return None
    wanted = [size for (size,) in _COUNT.iter_unpack(sizes)]
    parts = [stream.read(size) for size in wanted]
    return parts if [*map(len, parts)] == wanted else None


def _bytes_of(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def _table_of(content: bytes | memoryview) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()
