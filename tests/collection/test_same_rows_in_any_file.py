"""The same rows give the same messages, whether they come as CSV, Parquet or JSON lines."""

import csv
import io
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from collection_desk import Desk, Outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.testing.suite.base import scaled

Row = dict[str, Any]

SINGLE = """
{name: rows, files: "rows*", event: seen, person: p, time: at,
 properties: {t: t, n: {column: n, type: number}, b: {column: b, type: boolean}}}
"""
GROUPED = """
{name: rows, files: "rows*", event: seen, person: p, group_by: g, time: at,
 properties: {total: {sum: n}, texts: {distinct: t}, first: {first: t}, some: {sum: n, where: {t: [a, b]}},
  count: {count: n}, least: {min: n, type: number}, most: {max: n, type: number}}}
"""

texts = st.sampled_from(["a", "b", 'say "hi"', "two\nlines", "é,;", "=1+1"]) | st.none()
rows = st.fixed_dictionaries(
    {
        "p": st.sampled_from(["1", "2", None]),
        "g": st.sampled_from(["x", "y", "z", None]),
        "at": st.datetimes().map(lambda time: time.replace(microsecond=0).isoformat()) | st.just("soon"),
        "t": texts,
        "n": st.integers(-(10**6), 10**6).map(lambda cents: cents / 100) | st.none(),
        "b": st.booleans() | st.none(),
    }
)
SCHEMA = pa.schema(
    [("p", "string"), ("g", "string"), ("at", "string"), ("t", "string"), ("n", "double"), ("b", "bool")]
)


def as_csv(table: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(SCHEMA.names)
    writer.writerows([_cell(row[name]) for name in SCHEMA.names] for row in table)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def in_every_kind(table: Sequence[Row], source: str, size: int = 1000) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        pq.write_table(pa.Table.from_pylist(list(table), SCHEMA), desk.folder / "rows.parquet")
        desk.write("rows.csv", as_csv(table))
        desk.write("rows.jsonl", "\n".join(json.dumps(row) for row in table) or " \n{}")
        return [desk.read(desk.folder / f"rows.{kind}", source, size=size) for kind in ("csv", "parquet", "jsonl")]


@settings(deadline=None, max_examples=scaled(25))
@given(st.lists(rows, min_size=1, max_size=12), st.sampled_from([SINGLE, GROUPED]), st.integers(1, 5))
def test_the_kind_of_file_does_not_matter(table: list[Row], source: str, size: int) -> None:
    first, *others = in_every_kind(table, source, size)
    for other in others:
        assert other.messages == first.messages
        assert [(one.field, one.reason.partition(": ")[2]) for one in other.rejected] == [
            (one.field, one.reason.partition(": ")[2]) for one in first.rejected
        ]
        assert other.checks() == first.checks()
        assert other.rows == first.rows == len(table)


@settings(deadline=None, max_examples=scaled(25))
@given(st.lists(rows.filter(lambda row: row["at"] != "soon"), min_size=1, max_size=12))
def test_groups_are_what_a_slow_reading_says(table: list[Row]) -> None:
    outcome = in_every_kind(table, GROUPED)[1]
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in table:
        if row["g"] is not None:
            groups[row["g"]].append(row)
    whole = {key: items for key, items in groups.items() if len({row["p"] for row in items} | {None}) == 2}
    whole = {key: items for key, items in whole.items() if all(row["p"] for row in items)}
    assert len(outcome.messages) == len(whole)
    for message, (_, items) in zip(outcome.messages, whole.items(), strict=True):
        numbers = [round(Decimal(str(row["n"])) * 10**6) for row in items if row["n"] is not None]
        assert message.user_id == items[0]["p"]
        assert message.values.numbers["total"] == sum(numbers)
        assert message.values.numbers["count"] == len(numbers) * 10**6
        assert message.values.numbers.get("least") == (min(numbers) if numbers else None)
        assert message.values.numbers.get("most") == (max(numbers) if numbers else None)
        chosen = [
            round(Decimal(str(row["n"])) * 10**6) for row in items if row["n"] is not None and row["t"] in {"a", "b"}
        ]
        assert message.values.numbers["some"] == sum(chosen)
        assert message.values.lists["texts"] == sorted({row["t"] for row in items if row["t"] is not None})
        by_time = [row["t"] for row in sorted(items, key=lambda row: row["at"]) if row["t"] is not None]
        assert message.values.texts.get("first") == (by_time[0] if by_time else None)
    lost = len([row for row in table if row["g"] is None]) + len(groups) - len(whole)
    assert len(outcome.rejected) == lost
