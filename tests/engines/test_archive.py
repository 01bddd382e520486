"""Whom something is told of at a moment of which it is told already, against a look at every pair of rows."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kohort.engines.columns import Block, History, Rows
from kohort.engines.live.archive import Archive
from kohort.engines.live.arrivals import Arrivals

Told = list[tuple[str, int, int]]

PEOPLE = 4
TOLD = st.lists(st.tuples(st.sampled_from(["visit", "buy"]), st.integers(0, PEOPLE - 1), st.integers(0, 6)), max_size=8)


def rows_of(told: Told, people: range) -> dict[str, Rows]:
    """Return what is told of some people, numbered from the first of them on, table by table in the order of time."""
    its = sorted((one for one in told if one[1] in people), key=lambda one: one[2])
    tables = {name: [(who - people.start, at) for event, who, at in its if event == name] for name in ("visit", "buy")}
    return {
        name: Rows(np.array([who for who, _ in rows], np.int32), np.array([at for _, at in rows], np.int64))
        for name, rows in tables.items()
        if rows
    }


@given(before=TOLD, parts=st.lists(TOLD, max_size=4), forgotten=st.sets(st.integers(0, PEOPLE - 1)), new=TOLD)
def test_whoever_is_told_of_at_one_moment_twice_is_met(
    before: Told, parts: list[Told], forgotten: set[int], new: Told
) -> None:
    everybody, halves = range(PEOPLE), (range(2), range(2, PEOPLE))
    blocks = [Block(np.zeros(len(half), np.int64), rows_of(before, half), {}) for half in halves]
    archive = Archive(History(pa.array([f"u{number}" for number in everybody]), blocks))
    for part in parts:
        archive.add(Arrivals(rows_of(part, everybody)))
    archive.forget(np.array(sorted(forgotten), np.int64))
    known = {one for part in (before, *parts) for one in part if one[1] not in forgotten}
    met = archive.met(Arrivals(rows_of(new, everybody)))
    assert met.tolist() == sorted({one[1] for one in new if one in known})
