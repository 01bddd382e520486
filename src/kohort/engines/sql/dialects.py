"""Where SQL differs from one store to another, as data: what the statements ask before they are written."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlglot import expressions as exp

from kohort.errors import UnknownNameError

Wide = exp.DataType


class Grade(StrEnum):
    """Whether a gap may close."""

    NOT_YET = "not yet"
    NEVER = "never"


@dataclass(frozen=True)
class Gap:
    """Something that rules can ask for and a store does not do, how final that is, and why."""

    what: str
    grade: Grade
    reason: str


class Binding(StrEnum):
    """How a statement refers to the first value bound to it."""

    DOLLAR = "$1"
    NUMBER = ":1"
    NAME = ":p1"
    AT = "@p1"
    BRACES = "{p1: type}"


class Listing(StrEnum):
    """How a statement asks whether a value is one of many: one list is bound, or each value by itself."""

    SUBQUERY = "IN (SELECT UNNEST(list))"
    ANY = "= ANY(list)"
    UNNEST = "IN UNNEST(list)"
    EACH = "IN (each, …)"


class Division(StrEnum):
    """How two positive integers are divided whole: by its own operator, as an exact multiple, or by a function."""

    OPERATOR = "DIV"
    MULTIPLE = "(a - a % b) / b"
    FUNCTION = "intDiv(a, b)"


class Lists(StrEnum):
    """How the elements of a list column become rows."""

    LATERAL_JOIN = "LEFT JOIN UNNEST(list)"
    LATERAL_VIEW = "LATERAL VIEW OUTER EXPLODE(list)"


@dataclass(frozen=True)
class Dialect:
    """What one store's SQL needs.

    `sqlglot` names the printer. `casts_bound`: a bound value states its type. `sums_in` is the type in which sums
    of 64-bit integers are exact, None where they are without asking. `filters`: aggregates take FILTER, else CASE.
    `temporary`: tables made on the way belong to the connection (Spark's are views, whose rows its store keeps).
    `collation` orders texts by code point, None where the store always does. `lists` is None where a list column cannot
    be read. `holds_nul`: a text may hold U+0000. `seeks`: with an index, the rows of a few people are found without
    reading the others. `anew`: rows of a lasting table cannot be changed, nor several tables at once, so all is written
    anew, and a view tells what counts; and a view of the connection's may bind values.
    `settings` are statements that a connection runs first. `extra` is the extra of Kohort with its driver, `driver`
    the module to import, None where Kohort has no connection to it yet and only writes its statements.
    """

    name: str
    sqlglot: str
    binding: Binding
    listing: Listing
    division: Division
    casts_bound: bool = False
    sums_in: Wide | None = None
    filters: bool = True
    temporary: bool = True
    collation: str | None = None
    lists: Lists | None = None
    holds_nul: bool = True
    seeks: bool = False
    anew: bool = False
    settings: tuple[str, ...] = ()
    extra: str | None = None
    driver: str | None = None
    gaps: tuple[Gap, ...] = ()


_WIDE: Final = exp.DataType.build("DECIMAL(38, 0)")
_STATEMENTS_ONLY: Final = Gap(
    "running", Grade.NOT_YET, "its statements are written and parsed; Kohort has no connection to it"
)
_RUN_IN_TESTS: Final = Gap(
    "running", Grade.NOT_YET, "its statements pass the suite in Kohort's tests; Kohort has no connection to it"
)
_NO_SNAPSHOT: Final = Gap(
    "one state of the data for all statements", Grade.NOT_YET, "rows that arrive between two statements may differ"
)
_LISTED: Final = Gap(
    "more texts than a statement takes", Grade.NOT_YET, "the texts that a `contains` finds are bound one by one"
)


def _lists(grade: Grade, reason: str) -> Gap:
    return Gap("lists of text", grade, reason)


_SPARK: Final = Dialect(
    "spark",
    "spark",
    Binding.NAME,
    Listing.EACH,
    Division.OPERATOR,
    sums_in=_WIDE,
    lists=Lists.LATERAL_VIEW,
    extra="spark",
    driver="pyspark",
    anew=True,
    gaps=(
        Gap(
            "keeping a second run out",
            Grade.NOT_YET,
            "a lock is held where the warehouse is a folder of this machine; elsewhere let one machine run alone",
        ),
        Gap(
            "Kohort's own time zones", Grade.NOT_YET, "its Java knows when offsets change; releases of both may differ"
        ),
        _NO_SNAPSHOT,
        _LISTED,
    ),
)

DIALECTS: Final = {
    one.name: one
    for one in (
        Dialect(
            "duckdb",
            "duckdb",
            Binding.DOLLAR,
            Listing.SUBQUERY,
            Division.OPERATOR,
            lists=Lists.LATERAL_JOIN,
            driver="duckdb",
        ),
        Dialect(
            "postgres",
            "postgres",
            Binding.DOLLAR,
            Listing.ANY,
            Division.OPERATOR,
            casts_bound=True,
            collation="C",
            lists=Lists.LATERAL_JOIN,
            holds_nul=False,
            seeks=True,
            extra="postgres",
            driver="psycopg",
            gaps=(Gap("texts with a NUL character", Grade.NEVER, "PostgreSQL stores none; such a rule is refused"),),
        ),
        Dialect(
            "snowflake",
            "snowflake",
            Binding.NUMBER,
            Listing.EACH,
            Division.MULTIPLE,
            sums_in=_WIDE,
            filters=False,
            gaps=(
                _RUN_IN_TESTS,
                _NO_SNAPSHOT,
                _LISTED,
                _lists(Grade.NOT_YET, "its arrays are of variants, which are compared otherwise"),
            ),
        ),
        Dialect(
            "bigquery",
            "bigquery",
            Binding.AT,
            Listing.UNNEST,
            Division.OPERATOR,
            sums_in=_WIDE,
            filters=False,
            gaps=(
                _STATEMENTS_ONLY,
                _NO_SNAPSHOT,
                _lists(Grade.NEVER, "BigQuery stores a missing list as an empty one"),
            ),
        ),
        Dialect(
            "redshift",
            "redshift",
            Binding.DOLLAR,
            Listing.EACH,
            Division.MULTIPLE,
            sums_in=_WIDE,
            filters=False,
            holds_nul=False,
            gaps=(
                _STATEMENTS_ONLY,
                _LISTED,
                Gap("texts with a NUL character", Grade.NEVER, "it stores none; such a rule is refused"),
                _lists(Grade.NOT_YET, "its lists are SUPER values, whose navigation is its own"),
            ),
        ),
        _SPARK,
        Dialect(
            "databricks",
            "databricks",
            Binding.NAME,
            Listing.EACH,
            Division.OPERATOR,
            sums_in=_WIDE,
            temporary=False,
            lists=Lists.LATERAL_VIEW,
            gaps=(_STATEMENTS_ONLY, _NO_SNAPSHOT, _LISTED),
        ),
        Dialect(
            "clickhouse",
            "clickhouse",
            Binding.BRACES,
            Listing.EACH,
            Division.FUNCTION,
            sums_in=exp.DataType(this=exp.DataType.Type.INT128),
            settings=("SET join_use_nulls = 1", "SET aggregate_functions_null_for_empty = 1"),
            gaps=(
                _RUN_IN_TESTS,
                _NO_SNAPSHOT,
                _LISTED,
                _lists(Grade.NEVER, "a list of ClickHouse is never missing"),
            ),
        ),
    )
}
"""Every dialect, by its name."""


def dialect_of(name: str) -> Dialect:
    """Return the dialect of a store; raises UnknownNameError.

    >>> dialect_of("postgres").collation
    'C'
    """
    if name not in DIALECTS:
        raise UnknownNameError("engine", name, DIALECTS)
    return DIALECTS[name]
