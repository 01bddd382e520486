"""The peer: one SQL query per segment on DuckDB, as the existing tools send them, given every advantage.

One pass finds all values that a segment asks for: each query is what a careful analyst would write by hand for that
one segment. It reads the relations that the SQL engine reads, or tables of its own, in which people, names, texts and
amounts are small integers, so that texts are never compared; in these, events lie in the order of time, as those tools
keep them, or, to the peer's greater advantage, sorted by name and then by time.
"""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from kohort.clock import DAY
from kohort.definitions.values import MICRO
from kohort.engines.columns import BLOCK, History
from kohort.rules.literals import Boolean, Last, Number, Text
from kohort.rules.nodes import (
    AgainstMean,
    Aggregate,
    And,
    Comparison,
    Condition,
    DaysSince,
    Extreme,
    Function,
    Not,
    Or,
    Property,
    Rule,
    Sequence,
    Trait,
)
from workload.population import CATEGORIES, COUNTRIES, NAMES, NOW, PLANS, TRAIT_COLUMNS, Population

_CODES = {"country": COUNTRIES, "plan": PLANS, "category": CATEGORIES}
_CENT = MICRO // 100

EVENTS = ("by_time", "by_name")
"""The peer's own tables of events: in the order of time, or sorted by name and then by time."""
SHARED = "events"
"""The events of the relations that the SQL engine reads, with the names and texts of people, events and values."""


def open_peer(made: Population) -> duckdb.DuckDBPyConnection:
    """Return a connection of one thread to the population's tables, made first if they are not there."""
    path = made.folder / "peer.duckdb"
    if not path.exists():
        _make(made, path)
    connection = duckdb.connect(path, read_only=True)
    connection.execute("SET threads = 1")
    connection.execute("SET enable_progress_bar = false")
    return connection


def members(connection: duckdb.DuckDBPyConnection, rule: Rule, events: str) -> pa.Array:
    """Return the members of `rule`; `events` is one of the tables `EVENTS`, or the `SHARED`."""
    return connection.sql(query_of(rule, events)).to_arrow_table().column(0).combine_chunks()


def query_of(rule: Rule, events: str) -> str:
    """Return the query of one segment."""
    query = _Query(events, relations=events == SHARED)
    where, person = query.condition(rule), query.person
    people, head = "people", ""
    for name in query.traits:
        held = f"SELECT {person}, {TRAIT_COLUMNS[name][0]} AS {name} FROM trait_values WHERE name = '{name}'"
        people += f" LEFT JOIN ({held}) AS {name}s USING ({person})"
    if query.values:
        values = ", ".join(f"{value} AS v{number}" for number, value in enumerate(query.values))
        needed = " OR ".join(dict.fromkeys(query.needed))
        people += f" LEFT JOIN found USING ({person})"
        head = f"WITH found AS (SELECT {person}, {values} FROM {events} WHERE {needed} GROUP BY {person}) "
    thresholds = [f", ({one}) AS threshold{number} (edge)" for number, one in enumerate(query.thresholds)]
    return f"{head}SELECT {person} FROM {people}{''.join(thresholds)} WHERE {where}"


@dataclass
class _Query:
    """The values of a person that one query finds in its one pass, and the thresholds over them."""

    events: str
    relations: bool
    values: list[str] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)
    thresholds: list[str] = field(default_factory=list)
    traits: dict[str, None] = field(default_factory=dict)

    @property
    def person(self) -> str:
        return "person_id" if self.relations else "person"

    def condition(self, rule: Condition) -> str:  # noqa: PLR0911 - one answer a node
        match rule:
            case And():
                return "(" + " AND ".join(self.condition(part) for part in rule.parts) + ")"
            case Or():
                return "(" + " OR ".join(self.condition(part) for part in rule.parts) + ")"
            case Not():
                return f"NOT {self.condition(rule.part)}"
            case Comparison(value=Trait(name=name), operator=operator, literal=literal):
                return f"coalesce({self.trait(name)} {operator} {self.literal(name, literal)}, FALSE)"
            case Comparison(value=Aggregate() as value, operator=operator, literal=Number(micros=micros)):
                unit = MICRO if value.function is Function.COUNT else 1 if self.relations else _CENT
                return f"(coalesce({self.value(value)}, 0) {operator} {micros // unit})"
            case Comparison(value=DaysSince() as value, operator=operator, literal=Number(micros=micros)):
                return f"coalesce({NOW} - {self.value(value)} {operator} {micros * DAY // MICRO}, FALSE)"
            case AgainstMean(value=Aggregate() as value, operator=operator, deviations=deviations):
                found = self.value(value)
                mean = f"SELECT avg({found}) + {deviations / MICRO} * stddev_samp({found}) FROM found"
                return f"coalesce({found} {operator} {self.threshold(mean)}, FALSE)"
            case Extreme(value=Aggregate() as value, percent=percent):
                return self.top(self.value(value), percent)
            case Sequence():
                return f"({self.person} IN ({self.sequence(rule)}))"
            case _:
                raise TypeError(f"the benchmark has no segment with {rule}")

    def top(self, found: str, percent: int) -> str:
        """Compare with the ⌈qN⌉-th greatest value, from which on people are in the top."""
        place = f"SELECT (count({found}) * {percent} + {100 * MICRO - 1}) // {100 * MICRO} - 1 FROM found"
        kth = f"SELECT {found} FROM found WHERE {found} IS NOT NULL ORDER BY {found} DESC LIMIT 1 OFFSET ({place})"
        return f"coalesce({found} >= {self.threshold(f'SELECT ({kth})')}, FALSE)"

    def threshold(self, query: str) -> str:
        self.thresholds.append(query)
        return f"threshold{len(self.thresholds) - 1}.edge"

    def value(self, value: Aggregate | DaysSince) -> str:
        matching = f"name = {self.event(value.event)}"
        if isinstance(value, Aggregate) and isinstance(value.window, Last):
            matching += f" AND ts > {NOW - value.window.length}"
        self.needed.append(f"({matching})")
        match value:
            case DaysSince():
                function = "max(ts)"
            case Aggregate(function=Function.SUM):
                function = "sum(total)"
            case _:
                function = "count(*)"
        if isinstance(value, Aggregate) and value.where is not None:
            matching += f" AND {self.where(value.where)}"
        term = f"{function} FILTER (WHERE {matching})"
        if term not in self.values:
            self.values.append(term)
        return f"v{self.values.index(term)}"

    def trait(self, name: str) -> str:
        if self.relations:
            self.traits[name] = None
        return name

    def where(self, where: Condition) -> str:
        match where:
            case Comparison(value=Property(name=name), operator=operator, literal=literal):
                return f"{name} {operator} {self.literal(name, literal)}"
            case _:
                raise TypeError(f"the benchmark has no segment with {where}")

    def event(self, name: str) -> str:
        return f"'{name}'" if self.relations else str(NAMES.index(name))

    def literal(self, name: str, literal: object) -> str:
        match literal:
            case Text(value=text):
                return f"'{text}'" if self.relations else str(_CODES[name].index(text))
            case Boolean(value=truth):
                return str(truth)
            case Number(micros=micros):
                return str(micros if self.relations else micros // MICRO)
            case _:
                raise TypeError(f"the benchmark has no literal {literal}")

    def sequence(self, rule: Sequence) -> str:
        """`did A within the last W then B within D then not C within E`: by window functions, in one sort."""
        first, then, never = (self.event(step.event) for step in rule.steps)
        within, free = (step.within.length for step in rule.steps[1:] if step.within is not None)
        begin = NOW - rule.window.length if isinstance(rule.window, Last) else 0
        return f"""SELECT {self.person} FROM (
            SELECT {self.person}, name, ts,
                max(CASE WHEN name = {first} THEN ts END)
                    OVER (PARTITION BY {self.person} ORDER BY ts RANGE BETWEEN {within} PRECEDING AND 1 PRECEDING)
                    AS before,
                min(CASE WHEN name = {never} THEN ts END)
                    OVER (PARTITION BY {self.person} ORDER BY ts RANGE BETWEEN 1 FOLLOWING AND {free} FOLLOWING)
                    AS after
            FROM {self.events} WHERE name IN ({first}, {then}, {never}) AND ts > {begin}
        ) WHERE name = {then} AND before IS NOT NULL AND after IS NULL AND ts + {free} <= {NOW}"""


def _make(made: Population, path: Path) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    history = made.history()
    with duckdb.connect(unfinished) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            "CREATE TABLE by_name (person INTEGER, name UTINYINT, ts BIGINT, total INTEGER, category UTINYINT)"
        )
        for code, name in enumerate(NAMES):
            rows = [block.events[name] for block in history.blocks]
            people = np.concatenate([one.people + number * BLOCK for number, one in enumerate(rows)])
            ts = np.concatenate([one.ts for one in rows])
            category = np.concatenate([one.columns["category"].values for one in rows])
            columns = {"person": people, "ts": ts, "category": category}
            if "total" in rows[0].columns:
                columns["total"] = np.concatenate([one.columns["total"].values for one in rows]) // _CENT
            order = np.argsort(ts, kind="stable")
            connection.register("rows", pa.table({key: pa.array(its[order]) for key, its in columns.items()}))
            total = "total" if "total" in columns else "NULL"
            connection.execute(f"INSERT INTO by_name SELECT person, {code}, ts, {total}, category FROM rows")
            connection.unregister("rows")
        connection.execute("CREATE TABLE by_time AS SELECT * FROM by_name ORDER BY ts")
        _make_people(connection, history)
    unfinished.rename(path)


def _make_people(connection: duckdb.DuckDBPyConnection, history: History) -> None:
    numbers = pa.array(np.arange(len(history.people), dtype=np.int32))
    connection.register("everybody", pa.table({"person": numbers}))
    connection.execute("CREATE TABLE people AS SELECT person FROM everybody")
    for trait in history.blocks[0].traits:
        rows = [block.traits[trait] for block in history.blocks]
        ((column, _),) = rows[0].columns.items()
        values = np.concatenate([one.columns[column].values for one in rows])
        scaled = values // MICRO if column == "number" else values
        people = np.concatenate([one.people + number * BLOCK for number, one in enumerate(rows)])
        table = pa.table({"person": pa.array(people), trait: pa.array(scaled.astype(np.uint8))})
        connection.register("rows", table)
        kind = "BOOLEAN" if column == "boolean" else "UTINYINT"
        connection.execute(
            f"CREATE OR REPLACE TABLE people AS SELECT people.*, {trait}::{kind} AS {trait} "
            "FROM people LEFT JOIN rows USING (person) ORDER BY person"
        )
        connection.unregister("rows")
