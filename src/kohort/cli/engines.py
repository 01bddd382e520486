"""`kohort engines`: where rules can run, and what cannot be done there."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Final

from kohort.definitions.stores import StoreDefinition
from kohort.engines.sql.dialects import DIALECTS, Dialect, Gap
from kohort.engines.sql.landing.gaps import LANDING_GAPS

COLUMNS: Final = ("engine", "here", "gap", "grade", "reason")


def store_rows(stores: Mapping[str, StoreDefinition]) -> list[dict[str, object]]:
    """Return one row for each gap of each store that a project names, after the gaps that every store has.

    >>> store_rows({"lake": StoreDefinition("lake", "duckdb", "shop.duckdb")})[-1]["engine"]
    'lake (duckdb)'
    """
    if not stores:
        return []
    rows = _rows("every store", None, LANDING_GAPS)
    for name, store in stores.items():
        dialect = DIALECTS.get(store.kind)
        here = "unknown kind" if dialect is None else _here(dialect)
        rows += _rows(f"{name} ({store.kind})", here, () if dialect is None else dialect.gaps)
    return rows


def engine_rows() -> list[dict[str, object]]:
    """Return one row for each gap of each engine, and one for an engine without any.

    >>> [row["engine"] for row in engine_rows()][:2]
    ['kernel', 'duckdb']
    """
    rows: list[dict[str, object]] = [_row("kernel", "runs")]
    for dialect in DIALECTS.values():
        rows += _rows(dialect.name, _here(dialect), dialect.gaps)
    return rows


def _rows(engine: str, here: str | None, gaps: Sequence[Gap]) -> list[dict[str, object]]:
    rows = [_row(engine, here, gap=gap.what, grade=str(gap.grade), reason=gap.reason) for gap in gaps]
    return rows or [_row(engine, here)]


def _row(engine: str, here: str | None, **gap: str) -> dict[str, object]:
    return {name: {"engine": engine, "here": here, **gap}.get(name) for name in COLUMNS}


def _here(dialect: Dialect) -> str:
    if dialect.driver is None:
        return "statements only"
    if find_spec(dialect.driver) is not None:
        return "runs"
    return f'pip install "kohort[{dialect.extra}]"'
