"""A store's values mean what the same values mean in a file, on DuckDB and on PostgreSQL."""

# ruff: noqa: DTZ001 - times without a zone are what is converted

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kohort.clock import moment_of
from kohort.collection.readings import read_column
from kohort.collection.rows import Column
from kohort.collection.scalars import Unholdable, moment_in, number_of
from kohort.definitions.source import source_definition_of
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.values import ValueType
from kohort.engines.sql.dialects import dialect_of
from kohort.engines.sql.landing.conversions import WHITESPACE, offsets_of
from kohort.engines.sql.landing.kinds import held_columns, table_columns
from kohort.engines.sql.landing.mapped import mapped_table
from kohort.engines.sql.store import Store
from kohort.errors import ProjectError
from kohort.storage.connections import open_duckdb
from kohort.storage.postgres import PostgresStore, open_postgres
from kohort.storage.stores import DuckStore
from kohort.testing.suite.base import scaled

PARIS = ZoneInfo("Europe/Paris")
FEW = settings(max_examples=scaled(15), deadline=None, suppress_health_check=list(HealthCheck))
ZONES = st.sampled_from(
    ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"]
)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31))


@pytest.fixture(params=["duckdb", "postgres"], scope="module")
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "duckdb":
        connection = open_duckdb(threads=1)
        yield DuckStore(connection)
        return
    with open_postgres(request.getfixturevalue("postgres")) as opened:
        yield opened
        opened.run("DROP TABLE IF EXISTS public.held", [])


def converted(
    store: Store, kind: str, values: Sequence[Any], type_: ValueType, zone: str = "Europe/Paris"
) -> list[Any]:
    """Return values in a column of the store's type `kind` as the engine's relation shows them."""
    schema = "public" if isinstance(store, PostgresStore) else "main"
    store.run(f"DROP TABLE IF EXISTS {schema}.held", [])
    store.run(f"CREATE TABLE {schema}.held (number integer, value {kind})", [])
    for number, value in enumerate(values):
        store.run(f"INSERT INTO {schema}.held VALUES ($1, CAST(CAST($2 AS text) AS {kind}))", [number, _said(value)])
    dialect = dialect_of(store.dialect)
    statement = table_columns(dialect, schema, "held")
    columns = held_columns(dialect, store.fetch(statement.text, statement.values).to_pylist())
    document = {
        "name": "held", "table": f"{schema}.held", "store": "s", "event": "e", "person": "number", "key": "number",
        "time": {"at": "2026-01-01", "time_zone": zone},
        "properties": {"value": {"column": "value", "type": str(type_)}},
    }  # fmt: skip
    mapped = mapped_table(source_definition_of(document, "sources/held.yaml"), columns, TrackingPlan(), PARIS, 0)
    (database,) = store.fetch("SELECT CAST(CURRENT_DATABASE() AS TEXT) AS name", [])["name"].to_pylist()
    text = mapped.rows(dialect, database).sql(dialect.sqlglot, identify=True)
    rows = store.fetch(text, []).to_pylist()
    return [row["v0"] for row in sorted(rows, key=lambda row: int(row["person_id"]))]


def _said(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return None if value is None else str(value)


def as_in_a_file(value: Any) -> int | None:
    found = number_of(value)
    return None if found is Unholdable.NUMBER else int(found)


@FEW
@given(numbers=st.lists(st.decimals(-(10**13), 10**13, places=9, allow_nan=False), min_size=1, max_size=8))
@example(numbers=[Decimal("0.0000005"), Decimal("0.0000015"), Decimal("-0.0000025"), Decimal("0.000000501")])
@example(numbers=[Decimal("9223372036854.775807"), Decimal("9223372036854.7758075"), Decimal("-9223372036854.775807")])
def test_decimals_are_rounded_half_even(store: Store, numbers: list[Decimal]) -> None:
    assert converted(store, "decimal(30, 9)", numbers, ValueType.NUMBER) == [as_in_a_file(one) for one in numbers]


@FEW
@given(numbers=st.lists(st.floats(), min_size=1, max_size=8))
@example(numbers=[0.1, 1.5e-7, 5e-7, 2.5e-6, 1e300, 9.3e12, float("nan"), float("inf"), -0.0])
def test_floats_are_the_decimals_that_they_are_written_as(store: Store, numbers: list[float]) -> None:
    expected = [as_in_a_file(repr(one)) for one in numbers]
    assert converted(store, "double precision", numbers, ValueType.NUMBER) == expected


@FEW
@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8))
def test_integers_that_cannot_be_held_are_missing(store: Store, numbers: list[int]) -> None:
    assert converted(store, "bigint", numbers, ValueType.NUMBER) == [as_in_a_file(one) for one in numbers]


def test_a_decimal_of_postgres_may_be_no_number(postgres: str) -> None:
    with open_postgres(postgres) as opened:
        found = converted(opened, "numeric", ["NaN", "Infinity", "-Infinity", "1e200", "2.0000005"], ValueType.NUMBER)
    assert found == [None, None, None, None, 2_000_000]


@FEW
@given(times=st.lists(TIMES, min_size=1, max_size=8), zone=ZONES)
@example(
    times=[datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30), datetime(2026, 10, 25, 3)], zone="Europe/Paris"
)
def test_times_without_a_zone_are_in_the_sources(store: Store, times: list[datetime], zone: str) -> None:
    expected = [moment_in(one, ZoneInfo(zone)) for one in times]
    assert converted(store, "timestamp", times, ValueType.MOMENT, zone) == expected


@FEW
@given(times=st.lists(TIMES, min_size=1, max_size=8))
def test_times_with_a_zone_and_dates(store: Store, times: list[datetime]) -> None:
    aware = [one.replace(tzinfo=UTC) for one in times]
    assert converted(store, "timestamptz", aware, ValueType.MOMENT) == [moment_of(one) for one in aware]
    days = [one.date() for one in times]
    assert converted(store, "date", days, ValueType.MOMENT) == [moment_in(one, PARIS) for one in days]


def test_times_without_end_or_beyond_all_calendars_are_missing(store: Store) -> None:
    for kind in ("timestamp", "timestamptz", "date"):
        assert converted(store, kind, ["infinity", "-infinity", "12000-01-01"], ValueType.MOMENT) == [None] * 3


@FEW
@given(
    texts=st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | st.sampled_from(WHITESPACE)),
        min_size=1,
        max_size=8,
    )
)
@example(texts=[WHITESPACE, "", " a ", "\u200b"])
def test_blank_texts_are_missing(store: Store, texts: list[str]) -> None:
    expected = read_column(Column(pa.array(texts)), ValueType.TEXT, PARIS).values.to_pylist()
    assert converted(store, "text", texts, ValueType.TEXT) == expected


def test_booleans_lists_and_documents(store: Store) -> None:
    assert converted(store, "boolean", ["true", None, "false"], ValueType.BOOLEAN) == [True, None, False]
    listed = "{a,b}" if isinstance(store, PostgresStore) else "[a, b]"
    assert converted(store, "text[]", [listed, None], ValueType.TEXT_LIST) == [["a", "b"], None]
    document = "jsonb" if isinstance(store, PostgresStore) else "text"
    assert converted(store, document, ['{"a": 1}'], ValueType.TEXT) == ['{"a": 1}']


@pytest.mark.parametrize(
    ("kind", "type_"), [("text", ValueType.NUMBER), ("interval", ValueType.TEXT), ("date", ValueType.NUMBER)]
)
def test_what_would_have_to_be_guessed_is_refused(store: Store, kind: str, type_: ValueType) -> None:
    with pytest.raises(
        ProjectError, match=f"which is not read as {type_}; change the mapping, or convert it in a view"
    ):
        converted(store, kind, [], type_)


@given(zone=ZONES, time=TIMES)
def test_the_offsets_of_a_zone_are_those_of_its_first_passage(zone: str, time: datetime) -> None:
    local = moment_of(time.replace(tzinfo=UTC))
    (offset,) = [offset for first, offset in offsets_of(ZoneInfo(zone)) if first <= local][-1:]
    assert local - offset == moment_in(time, ZoneInfo(zone))
