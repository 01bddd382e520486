"""Memberships are what the log says, however far the table itself has come, and whatever was taken back meanwhile."""

import tempfile
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from kohort.engines.bits import size_of
from kohort.pipeline.member_bits import member_bits
from kohort.pipeline.recording import LOG_ROWS_A_RECORD, append_log, current_memberships
from kohort.segments.log import Logged, intervals, net_changes
from kohort.segments.membership import Membership, MembershipChange
from kohort.storage.frames import Record
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
