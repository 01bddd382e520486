"""`kohort engines`: where rules can run, and what cannot be done there."""

from importlib.util import find_spec
from typing import Final

from kohort.engines.sql.dialects import DIALECTS, Dialect

COLUMNS: Final = ("engine", "here", "gap", "grade", "reason")


def engine_rows() -> list[dict[str, object]]:
    """Return one row for each gap of each engine, and one for an engine without any.

    >>> [row["engine"] for row in engine_rows()][:2]
    ['kernel', 'duckdb']
    """
    rows: list[dict[str, object]] = [_row("kernel", "runs")]
    for dialect in DIALECTS.values():
        here = _here(dialect)
        rows += [
            _row(dialect.name, here, gap=gap.what, grade=str(gap.grade), reason=gap.reason) for gap in dialect.gaps
        ] or [_row(dialect.name, here)]
    return rows


def _row(engine: str, here: str, **gap: str) -> dict[str, object]:
    return {name: {"engine": engine, "here": here, **gap}.get(name) for name in COLUMNS}


def _here(dialect: Dialect) -> str:
    if dialect.driver is None:
        return "statements only"
    if find_spec(dialect.driver) is not None:
        return "runs"
    return f'pip install "kohort[{dialect.extra}]"'
