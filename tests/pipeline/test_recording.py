"""Memberships are what the log says, however far the table itself has come, and whatever was taken back meanwhile."""

import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.clock import DAY, HOUR, MINUTE, Moment
from kohort.engines.bits import size_of
from kohort.engines.statistics import Statistics
from kohort.pipeline import membership_parts
from kohort.pipeline.membership_parts import memberships_in_parts
from kohort.pipeline.moving import LOG_ROWS_A_RECORD
from kohort.pipeline.recording import LogSoFar, append_log, current_memberships, log_kept
from kohort.pipeline.segments.member_bits import member_bits
from kohort.segments.log import Logged, intervals, net_changes
from kohort.segments.membership import Membership, MembershipChange
from kohort.storage.frames import Record
from kohort.storage.parquet_files import in_order
from kohort.storage.records import ChangesSaid, MembershipsKept
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

# For each record: whose membership turns (a segment and a person), how much later than the last, and whether instead
# the newest row that counts is taken back; and whether the table is written then.
turns = st.tuples(
    st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 3), st.sampled_from([False, False, True])
)
records = st.lists(st.tuples(st.lists(turns, max_size=5), st.booleans()), min_size=1, max_size=5)


@given(story=records)
def test_memberships_are_what_the_log_says(story: list[tuple[list[tuple[str, str, int, bool]], bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tables, counting, moment = Tables(Path(folder)), dict[tuple[str, str], list[Logged]](), 100
        for number, (some, is_written) in enumerate(story, start=1):
            changes: list[MembershipChange] = []
            for segment, person, later, is_taken_back in some:
                its = counting.setdefault((segment, person), [])
                seq, moment = number * LOG_ROWS_A_RECORD + len(changes), moment + later
                if is_taken_back and its and its[-1].seq < number * LOG_ROWS_A_RECORD:
                    changes.append(its.pop().retracted())
                    continue
                turn = Logged(seq, segment, 1, person, "left" if len(its) % 2 else "entered", moment)
                its.append(turn)
                changes.append(MembershipChange(segment, 1, person, turn.change, moment, "rule"))
            append_log(tables, changes, Record(number, moment, "changes", b""))
            log = tables.read("membership_log").sort_by("seq").to_pylist()
            said = {key: intervals(rows) for key, rows in net_changes(log).items()}
            assert said == {key: intervals(rows) for key, rows in counting.items() if rows}
            updated = {"seq": number, "at": moment, "recorded_at": moment, "changes": len(changes)}
            tables.append("membership_updates", pa.Table.from_pylist([updated]), watermark=number)
            found = current_memberships(tables, number)
            assert rows_of(found) == sorted(map(repr, (vars(one) for its in said.values() for one in its)))
            for segment in "ab":
                its = found.filter(pc.equal(found.column("segment"), segment))
                assert rows_of(current_memberships(tables, segments=[segment])) == rows_of(its)
            assert shared_of(tables) == {
                pair: len(inside_of(said, pair[0]) & inside_of(said, pair[1])) for pair in product("ab", repeat=2)
            }
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(membership_parts, "_A_BUCKET", 2)
                patched.setattr(membership_parts, "_A_PART", 3)
                parts = list(memberships_in_parts(tables, number))
            whole = pa.concat_tables(parts)
            assert rows_of(whole) == rows_of(found)
            assert in_order("memberships", whole) is whole
            assert max(part.num_rows for part in parts) <= 3
            if is_written:
                tables.replace("memberships", found, watermark=number)


def inside_of(said: dict[tuple[str, str], list[Membership]], segment: str) -> set[str]:
    return {person for (name, person), its in said.items() if name == segment and its and its[-1].left_at is None}


def shared_of(tables: Tables) -> dict[tuple[str, str], int]:
    """Return how many people two segments share, or one holds, by its bits."""
    bits, people = member_bits(tables)
    nobody = np.zeros(-(-people // 8), np.uint8)
    return {
        (one, other): size_of(bits.get(one, nobody) & bits.get(other, nobody)) for one, other in product("ab", repeat=2)
    }


def rows_of(memberships: pa.Table) -> list[str]:
    assert memberships.schema == SCHEMAS["memberships"]
    return sorted(map(repr, memberships.to_pylist()))


# For each record: minutes after the last one, who moves how in which segments, whether it is an epoch, and what
# happens then: nothing, memberships are written, or whoever writes begins anew, with a step that was half done.
steps = st.lists(
    st.tuples(
        st.sampled_from([1, 25, 40, 90, 60 * 24, 60 * 24 * 20]),
        st.dictionaries(st.sampled_from("ab"), st.sampled_from([1, -1]), max_size=2),
        st.booleans(),
        st.sampled_from(["", "", "written", "anew", "half"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=30)
@given(steps)
def test_sizes_at_the_end_of_hours_and_days_stay_when_steps_are_thinned(
    told: list[tuple[int, dict[str, int], bool, str]],
) -> None:
    versions = [_version(name) for name in "ab"]
    with tempfile.TemporaryDirectory() as folder:
        tables, so_far, now = Tables(Path(folder)), LogSoFar(), 10 * DAY
        tables.append("segment_versions", pa.Table.from_pylist(versions, SCHEMAS["segment_versions"]), watermark=1)
        said, sums, size, stands = list[tuple[int, Moment, str, int]](), 0, {"a": 0, "b": 0}, 0
        for seq, (minutes, moves, is_epoch, what) in enumerate(told, start=2):
            now += minutes * MINUTE
            record = _kept(seq, now, moves, is_epoch=is_epoch)
            if what == "half":
                with pytest.MonkeyPatch.context() as patched:
                    for way in ("append", "replace"):
                        patched.setattr(Tables, way, _failing(getattr(Tables, way)))
                    with pytest.raises(InterruptedError):
                        log_kept(tables, record, so_far)
            so_far = LogSoFar() if what in {"anew", "half"} else so_far
            log_kept(tables, record, so_far)
            for name, by in moves.items():
                size[name] += by
                said.append((seq, now, name, size[name]))
            sums += len(moves)
            if what == "written":
                tables.replace("memberships", current_memberships(tables, seq), watermark=seq)
                sums, stands = 0, seq
        _check(tables, said, now)
        updates = tables.read("membership_updates").to_pylist()
        assert sum(row["changes"] for row in updates if row["seq"] > stands) == sums, "what memberships lack"
        assert {row["seq"] for row in tables.read("segment_sizes").to_pylist()} <= {row["seq"] for row in updates}
        epochs = {seq for seq, (_, _, is_epoch, _) in enumerate(told, start=2) if is_epoch}
        assert epochs <= {row["seq"] for row in updates}, "none is taken for a run"


def _check(tables: Tables, said: list[tuple[int, Moment, str, int]], now: Moment) -> None:
    """Check that sizes are the last of each hour, of each day where that is long ago, and all of the present hour."""
    epochs = {row["seq"] for row in tables.read("epochs").to_pylist()}
    ends: dict[object, tuple[int, str, int]] = {}
    for seq, at, name, size in said:
        is_old = (at // DAY + 1) * DAY <= now - 31 * DAY
        span = ("day", at // DAY) if is_old else ("hour", at // HOUR) if at // HOUR < now // HOUR else ("step", seq)
        ends[name, span] = (seq, name, size)
    expected = {*ends.values(), *((seq, name, size) for seq, _, name, size in said if seq in epochs)}
    rows = tables.read("segment_sizes").to_pylist()
    assert sorted((row["seq"], row["segment"], row["size"]) for row in rows) == sorted(expected)


def _failing(real: Callable[..., bool]) -> Callable[..., bool]:
    def write(self: Tables, name: str, *args: object, **options: object) -> bool:
        if name == "membership_updates":
            raise InterruptedError
        return real(self, name, *args, **options)

    return write


def _version(name: str) -> dict[str, object]:
    return {"segment": name, "version": 1, "sentence": "did visit", "periods": "{}", "seq": 1, "active": True}


def _kept(seq: int, now: Moment, moves: dict[str, int], *, is_epoch: bool) -> Record:
    size = len(moves)
    said = ChangesSaid(
        [*moves], [1] * size, list(range(size)), ["p"] * size, [by > 0 for by in moves.values()], [now] * size,
        ["rule"], [0] * size, {},
    )  # fmt: skip
    kept = MembershipsKept(now, 9, said, Statistics().to_json() if is_epoch else None)
    return Record(seq, now, "changes", msgspec.json.encode(kept))
