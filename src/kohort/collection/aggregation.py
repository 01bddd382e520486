"""Grouping line items in DuckDB: the statement, built as a tree, and its run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlglot import expressions as exp

from kohort.collection.typed_rows import TypedValue
from kohort.definitions.source import Aggregate
from kohort.definitions.values import LARGEST_MICROS, MICRO

_ROWS: Final = "line_items"
_HALF: Final = MICRO // 2
_GROUP, _TIME, _RANK, _LINE = "group_code", "ts", "time_rank", "line"


def aggregated(
    connection: duckdb.DuckDBPyConnection,
    groups: NDArray[np.int64],
    moments: pa.Array,
    values: Sequence[TypedValue],
    kept: NDArray[np.int64],
) -> pa.Table:
    """Return one row for each group among the rows at the positions `kept`, in the order of `groups`.

    Its columns: `group_code`, `ts` (the earliest), `row_count`, and `value_0` … for `values`. A sum is exact, one of
    products rounded once, and null only if 64 bits cannot hold it; `first` is by time, then by place.
    """
    order = np.lexsort((np.arange(len(groups)), pc.fill_null(moments, 0).to_numpy(zero_copy_only=False)))
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    inputs = {_GROUP: pa.array(groups), _TIME: moments, _RANK: pa.array(ranks)}
    for index, value in enumerate(values):
        inputs |= {f"input_{index}_{part}": array for part, array in enumerate(value.inputs)}
    table = pa.table(inputs)
    with _registered(connection, table if len(kept) == len(table) else table.take(kept)):
        return connection.sql(aggregation(values).sql(dialect="duckdb")).to_arrow_table()


def aggregation(values: Sequence[TypedValue]) -> exp.Select:
    """Return the statement that makes one row of each group; no name and no value of a user stands in it.

    >>> from kohort.definitions.values import ValueType
    >>> print(aggregation([TypedValue("items", ValueType.NUMBER, Aggregate.COUNT, (pa.array([]),))]).sql("duckdb"))
    SELECT group_code, MIN(ts) AS ts, COUNT(*) AS row_count, COUNT(input_0_0) * 1000000 AS value_0
    FROM line_items GROUP BY group_code ORDER BY group_code
    """
    columns = [
        exp.column(_GROUP),
        exp.alias_(exp.Min(this=exp.column(_TIME)), _TIME),
        exp.alias_(exp.Count(this=exp.Star()), "row_count"),
    ]
    for index, value in enumerate(values):
        inputs = [exp.column(f"input_{index}_{part}") for part in range(len(value.inputs))]
        columns.append(exp.alias_(_expression(value.aggregate, inputs), f"value_{index}"))
    return exp.select(*columns).from_(_ROWS).group_by(exp.column(_GROUP)).order_by(exp.column(_GROUP))


def repeated_rows(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[pa.Array], lines: NDArray[np.int64]
) -> tuple[int, int]:
    """Return how many rows equal an earlier one in all columns, and the line of the first row that is repeated."""
    names = [f"column_{index}" for index in range(len(columns))]
    times, line = exp.Count(this=exp.Star()), exp.Min(this=exp.column(_LINE))
    repeated = (
        exp.select(exp.alias_(times, "times"), exp.alias_(line, _LINE))
        .from_(_ROWS)
        .group_by(*(exp.column(name) for name in names))
        .having(exp.GT(this=times.copy(), expression=exp.Literal.number(1)))
    )
    with _registered(connection, pa.table([*columns, pa.array(lines)], names=[*names, _LINE])):
        found = connection.sql(repeated.sql(dialect="duckdb")).to_arrow_table()
    if not len(found):
        return 0, 0
    return pc.sum(found.column("times")).as_py() - len(found), pc.min(found.column(_LINE)).as_py()


@contextmanager
def _registered(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> Iterator[None]:
    connection.register(_ROWS, table)
    try:
        yield
    finally:
        connection.unregister(_ROWS)


def _expression(aggregate: Aggregate | None, inputs: Sequence[exp.Column]) -> exp.Expr:
    column = inputs[0]
    if aggregate is Aggregate.SUM:
        return exp.TryCast(this=_sum(inputs), to=exp.DataType.build("BIGINT"))
    if aggregate is Aggregate.SUM_PRODUCT:
        return exp.TryCast(this=_sum_of_products(inputs), to=exp.DataType.build("BIGINT"))
    if aggregate is Aggregate.DISTINCT:
        present = exp.Where(this=exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null())))
        gathered = exp.ArrayAgg(this=exp.Distinct(expressions=[column]))
        texts = exp.func("LIST_SORT", exp.Filter(this=gathered, expression=present))
        return exp.Coalesce(this=texts, expressions=[exp.Array()])
    if aggregate is Aggregate.FIRST:
        return exp.ArgMin(this=column, expression=exp.column(_RANK))
    if aggregate is Aggregate.COUNT:
        return exp.Mul(this=exp.Count(this=column), expression=exp.Literal.number(MICRO))
    return exp.Min(this=column) if aggregate is Aggregate.MIN else exp.Max(this=column)


def _sum(columns: Sequence[exp.Column]) -> exp.Expr:
    """Return the sum over all columns; over no value it is 0, as everywhere in Kohort."""
    zero = exp.Literal.number(0)
    sums: list[exp.Expr] = [exp.Coalesce(this=exp.Sum(this=column), expressions=[zero.copy()]) for column in columns]
    return reduce(lambda total, one: exp.Add(this=total, expression=one), sums[1:], sums[0])


def _sum_of_products(factors: Sequence[exp.Column]) -> exp.Expr:
    """Return the sum of the products of two columns, null if one of these is larger than any number may be.

    Products of micros have twelve places: the sum is rounded to six, halves away from zero.
    """
    one, other = factors
    product = exp.Mul(this=exp.cast(one, "HUGEINT"), expression=other)
    largest = exp.Literal.number(LARGEST_MICROS * MICRO)
    fits = exp.LTE(this=exp.Abs(this=product), expression=largest)
    total = exp.Coalesce(
        this=exp.Sum(this=exp.Case(ifs=[exp.If(this=fits.copy(), true=product.copy())])),
        expressions=[exp.Literal.number(0)],
    )
    half = exp.Case(
        ifs=[exp.If(this=exp.LT(this=total.copy(), expression=exp.Literal.number(0)), true=exp.Literal.number(-_HALF))],
        default=exp.Literal.number(_HALF),
    )
    rounded = exp.IntDiv(
        this=exp.Paren(this=exp.Add(this=total, expression=half)), expression=exp.Literal.number(MICRO)
    )
    all_fit = exp.Coalesce(this=exp.LogicalAnd(this=fits), expressions=[exp.true()])
    return exp.Case(ifs=[exp.If(this=all_fit, true=rounded)])
