"""Days by which a table is partitioned: by them a store leaves out files that cannot hold what is asked for."""

from typing import Final

from sqlglot import expressions as exp

from kohort.clock import DAY
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.kinds import microseconds
from kohort.engines.sql.terms import all_of, number

DAYS_OFF: Final = 1
"""How many days a day may lie off that of its time: it is the day in any time zone there is."""


def dated(dialect: Dialect, time: exp.Expr, day: exp.Expr) -> exp.Expr:
    r"""Return whether the date `day` is that of `time` in some time zone, so that a bound on the day loses no row.

    >>> from kohort.engines.sql.dialects import dialect_of
    >>> from kohort.engines.sql.terms import column
    >>> print(dated(dialect_of("spark"), column("sold"), column("day")).sql("spark").replace(" AND ", "\n"))
    UNIX_MICROS(CAST(`sold` AS TIMESTAMP)) >= UNIX_MICROS(CAST(CAST(`day` AS TIMESTAMP) AS TIMESTAMP)) - 86400000000
    UNIX_MICROS(CAST(`sold` AS TIMESTAMP)) < UNIX_MICROS(CAST(CAST(`day` AS TIMESTAMP) AS TIMESTAMP)) + 172800000000
    """
    at = microseconds(dialect, time)
    midnight = microseconds(dialect, exp.Cast(this=day, to=exp.DataType.build("TIMESTAMP")))
    first = exp.Sub(this=midnight, expression=number(DAYS_OFF * DAY))
    after = exp.Add(this=midnight.copy(), expression=number((DAYS_OFF + 1) * DAY))
    return all_of([exp.GTE(this=at, expression=first), exp.LT(this=at.copy(), expression=after)])
