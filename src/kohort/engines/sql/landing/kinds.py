"""What the columns of a store's tables are, and what SQLGlot does not say in every dialect."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from typing import Any, Final

from sqlglot import expressions as exp

from kohort.definitions.values import ValueType
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.statements import Statement, printed
from kohort.engines.sql.terms import Parameters, all_of, big, column, named, number
from kohort.errors import GapError


class Kind(Enum):
    """What a column holds, as far as its values are converted alike; the value is the type that it has by itself."""

    INTEGER = (ValueType.NUMBER, "integers")
    DECIMAL = (ValueType.NUMBER, "decimals")
    REAL = (ValueType.NUMBER, "floating-point numbers")
    TEXT = (ValueType.TEXT, "texts")
    BOOLEAN = (ValueType.BOOLEAN, "booleans")
    TIME = (ValueType.MOMENT, "times without a zone")
    ZONED_TIME = (ValueType.MOMENT, "times with a zone")
    DATE = (ValueType.MOMENT, "dates")
    TEXTS = (ValueType.TEXT_LIST, "lists of text")

    @property
    def type(self) -> ValueType:
        """The type of a property that the mapping and the tracking plan say nothing of."""
        return self.value[0]

    @property
    def words(self) -> str:
        """What it holds, in words."""
        return self.value[1]


@dataclass(frozen=True)
class Spelling:
    """How a store says what differs from one to another when values are converted.

    `sized`: its decimals have at most 38 digits, so that each type says how many; a cast that fails can be tried.
    `octets` is the function for the bytes of a text; `epoch_us` that for the microseconds of a time, None where those
    are taken from the seconds, which then are exact. `infinite`: a time may be. `knows_zones`: it puts local times into
    their zone itself, since the changes of offset, written out, take it longer to plan than the rest. `buckets`: it
    finds a value's place among others in an array, and so does not plan a tree of them. `database` is the
    function for what it calls the database. `described`: DESCRIBE tells the columns of a table, else
    `information_schema` does.
    """

    sized: bool
    octets: str
    epoch_us: str | None
    infinite: bool = True
    knows_zones: bool = False
    buckets: bool = False
    database: str = "CURRENT_DATABASE"
    described: bool = False


_SPELLINGS: Final = {
    "duckdb": Spelling(sized=True, octets="STRLEN", epoch_us="EPOCH_US"),
    "postgres": Spelling(sized=False, octets="OCTET_LENGTH", epoch_us=None, buckets=True),
    "spark": Spelling(
        sized=True,
        octets="OCTET_LENGTH",
        epoch_us="UNIX_MICROS",
        infinite=False,
        knows_zones=True,
        database="CURRENT_CATALOG",
        described=True,
    ),
}


def spelling_of(dialect: Dialect) -> Spelling:
    """Return how a store converts values; raises GapError for one that has never been tried.

    >>> from kohort.engines.sql.dialects import dialect_of
    >>> spelling_of(dialect_of("duckdb")).octets
    'STRLEN'
    """
    if dialect.name not in _SPELLINGS:
        raise GapError(dialect.name, "tables of another shape", "how it converts values is not written yet")
    return _SPELLINGS[dialect.name]


@dataclass(frozen=True)
class HeldColumn:
    """A column of a store's table: its name, its type in the store's words, and what it holds, None if unknown.

    `scale` is the number of decimal places of a decimal, None where each value has its own.
    """

    name: str
    said: str
    kind: Kind | None
    scale: int | None


_KINDS: Final = {
    **dict.fromkeys(("smallint", "integer", "int", "bigint", "tinyint", "hugeint"), Kind.INTEGER),
    **dict.fromkeys(("utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"), Kind.INTEGER),
    **dict.fromkeys(("numeric", "decimal"), Kind.DECIMAL),
    **dict.fromkeys(("real", "double precision", "float", "double"), Kind.REAL),
    **dict.fromkeys(("text", "character varying", "character", "varchar", "uuid", "name", "enum"), Kind.TEXT),
    **dict.fromkeys(("string", "char"), Kind.TEXT),
    **dict.fromkeys(("user-defined", "json", "jsonb"), Kind.TEXT),
    "boolean": Kind.BOOLEAN,
    **dict.fromkeys(("timestamp without time zone", "timestamp"), Kind.TIME),
    **dict.fromkeys(("timestamp_s", "timestamp_ms", "timestamp_ntz"), Kind.TIME),
    "timestamp with time zone": Kind.ZONED_TIME,
    "date": Kind.DATE,
    **dict.fromkeys(("_text", "_varchar", "_bpchar", "varchar[]", "array<string>"), Kind.TEXTS),
}
"""What the words of `information_schema.columns` and DESCRIBE mean; of an array of PostgreSQL, its `udt_name`."""


def held_columns(dialect: Dialect, rows: Sequence[Mapping[str, Any]]) -> list[HeldColumn]:
    """Return the columns of a table by what `table_columns` found.

    >>> from kohort.engines.sql.dialects import dialect_of
    >>> rows = [
    ...     {"col_name": "day", "data_type": "date", "comment": None},
    ...     {"col_name": "# Partition Information", "data_type": "", "comment": ""},
    ...     {"col_name": "day", "data_type": "date", "comment": None},
    ... ]
    >>> [one.name for one in held_columns(dialect_of("spark"), rows)]
    ['day']
    """
    if not spelling_of(dialect).described:
        return [held_column(**row) for row in rows]
    # After the columns comes, under a line without a type, how the table is partitioned.
    columns = takewhile(lambda row: row["data_type"], rows)
    return [_described(row["col_name"], row["data_type"]) for row in columns]


def _described(name: str, said: str) -> HeldColumn:
    """Return a column of Spark's, where `timestamp` is a moment and a decimal says its size."""
    if said == "timestamp":
        return HeldColumn(name, said, Kind.ZONED_TIME, None)
    scale = re.fullmatch(r"decimal\(\d+,(\d+)\)", said)
    return held_column(name, said, None, None if scale is None else int(scale[1]))


def held_column(name: str, said: str, array: str | None, scale: int | None) -> HeldColumn:
    """Return what a row of `information_schema.columns` says.

    >>> held_column("total", "DECIMAL(18,3)", None, 3).kind
    <Kind.DECIMAL: (<ValueType.NUMBER: 'number'>, 'decimals')>
    """
    words = array if said == "ARRAY" and array is not None else said
    return HeldColumn(name, said, _KINDS.get(words.lower().partition("(")[0]), scale)


def table_columns(dialect: Dialect, schema: str, table: str) -> Statement:
    """Return the statement for the columns of a table, which `held_columns` reads."""
    parameters = Parameters(dialect)
    if spelling_of(dialect).described:
        names = [exp.to_identifier(one, quoted=True) for one in (table, schema)]
        return printed(exp.Describe(this=exp.Table(this=names[0], db=names[1])), parameters)
    text = exp.DataType.build("TEXT")
    wanted = [
        named(exp.Cast(this=column(one), to=text.copy()), name)
        for one, name in (("column_name", "name"), ("data_type", "said"), ("udt_name", "array"))
    ]
    rows = [
        exp.EQ(this=column("table_catalog"), expression=exp.Anonymous(this="CURRENT_DATABASE")),
        exp.EQ(this=column("table_schema"), expression=parameters.bind(schema)),
        exp.EQ(this=column("table_name"), expression=parameters.bind(table)),
    ]
    select = exp.select(*wanted, named(big(column("numeric_scale")), "scale"))
    return printed(select.from_(exp.table_("columns", db="information_schema")).where(all_of(rows)), parameters)


def decimal_in(dialect: Dialect, held: HeldColumn) -> exp.Expr:
    """Return a column of numbers as exact decimals; NULL for what is no decimal, or none that could be held."""
    source: exp.Expr = column(held.name)
    if not spelling_of(dialect).sized:
        numeric = exp.DataType.build("DECIMAL")
        if held.kind is Kind.REAL:
            # Straight to decimals, a float keeps fifteen digits only; its text is the shortest that means it.
            source = exp.Cast(this=source, to=exp.DataType.build("TEXT"))
        return source if held.kind is Kind.DECIMAL else exp.Cast(this=source, to=numeric)
    if held.kind is Kind.DECIMAL and held.scale is not None:
        return source
    if held.kind is Kind.REAL:
        source = exp.Cast(this=source, to=exp.DataType.build("TEXT"))
    # Thirteen digits before the point hold every number that Kohort can, and 25 after it every half of a micro that a
    # float can lie on.
    return exp.TryCast(this=source, to=exp.DataType.build("DECIMAL(38, 25)"), safe=True)


def sized(dialect: Dialect, term: exp.Expr, digits: int, places: int) -> exp.Expr:
    """Return a decimal in a type of so many digits, where the store's decimals have a size at all."""
    if not spelling_of(dialect).sized:
        return term
    return exp.Cast(this=term, to=exp.DataType.build(f"DECIMAL({digits}, {places})"))


def microseconds(dialect: Dialect, term: exp.Expr) -> exp.Expr:
    """Return the microseconds since 1970 of a time: of one without a zone, as if that were UTC; NULL if infinite."""
    function = spelling_of(dialect).epoch_us
    if not spelling_of(dialect).infinite:
        # As a moment, which the connection's zone, UTC, makes of a time without one.
        return exp.Anonymous(this=function, expressions=[exp.Cast(this=term, to=exp.DataType.build("TIMESTAMPTZ"))])
    if function is None:
        seconds = exp.Extract(this=exp.var("EPOCH"), expression=term)
        found = big(exp.Mul(this=seconds, expression=number(1_000_000)))
    else:
        found = exp.Anonymous(this=function, expressions=[term])
    finite = exp.Anonymous(this="ISFINITE", expressions=[term.copy()])
    return exp.Case(ifs=[exp.If(this=finite, true=found)])


def local_in_zone(local: exp.Expr, zone: str) -> exp.Expr:
    """Return the microseconds since 1970 of a local time, itself microseconds, in a zone that the store knows."""
    time = exp.Anonymous(this="TIMESTAMP_MICROS", expressions=[local])
    name = exp.Cast(this=exp.Literal.string(zone), to=exp.DataType.build("TEXT"))
    return exp.Anonymous(
        this="UNIX_MICROS", expressions=[exp.Anonymous(this="TO_UTC_TIMESTAMP", expressions=[time, name])]
    )


def octets(dialect: Dialect, term: exp.Expr) -> exp.Expr:
    """Return how many bytes of UTF-8 a text has."""
    return exp.Anonymous(this=spelling_of(dialect).octets, expressions=[term])
