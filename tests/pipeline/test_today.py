"""Who entered and left since yesterday is what the membership log comes to once its corrections are heard."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY
from kohort.pipeline.today import changes_between
from kohort.segments.log import net_changes
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

OPPOSITE = {"entered": "left", "left": "entered"}
CHANGES = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["entered", "left"]), st.integers(0, 3 * DAY), st.integers(0, 9)),
    max_size=20,
)


def logged(changes: list[tuple[str, str, int, int]]) -> list[dict[str, Any]]:
    """Return a log in which every tenth choice takes an earlier row back, or puts one back that was taken back."""
    rows: list[dict[str, Any]] = []
    last: dict[int, int] = {}
    for segment, change, at, choice in changes:
        row: dict[str, Any] = {
            "seq": 1_000_000 + len(rows),
            "segment": segment,
            "version": 1,
            "person_id": "ada",
            "cause": "rule",
        }
        row |= {"change": change, "effective_at": at, "recorded_at": 0, "corrects": None}
        if choice > 5 and rows:
            first = rows[choice % len(rows)]
            while first["corrects"] is not None:
                first = rows[first["corrects"] - 1_000_000]
            # What the last row about a change says is corrected: first the change, then what took it back, and so on.
            before = rows[last.get(first["seq"], first["seq"]) - 1_000_000]
            kept = {name: first[name] for name in ("segment", "effective_at")}
            is_restored = before is not first and before["change"] == first["change"]
            corrected = first if is_restored else before
            row |= kept | {"change": OPPOSITE[before["change"]], "corrects": corrected["seq"]}
            last[first["seq"]] = row["seq"]
        rows.append(row)
    return rows


@given(CHANGES, st.integers(0, 3 * DAY))
def test_changes_of_a_stretch_are_those_that_still_count(changes: list[tuple[str, str, int, int]], start: int) -> None:
    rows = logged(changes)
    expected: Counter[tuple[str, str]] = Counter()
    for its in net_changes(rows).values():
        expected.update((one.segment, one.change) for one in its if start < one.effective_at <= start + DAY)
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(Path(folder))
        tables.append("membership_log", pa.Table.from_pylist(rows, schema=SCHEMAS["membership_log"]), watermark=1)
        found = changes_between(tables, start, start + DAY, 1)
    assert {key: number for key, number in found.items() if number} == dict(expected)
