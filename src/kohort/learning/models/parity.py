"""How exact a model's SQL is in each dialect, and how that is known."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Parity:
    """Whether sums of trees and linear models are those of Python to the last bit in a store, and why not.

    `sums` is true where additions and comparisons of 64-bit numbers are IEEE 754's. `narrow_sums` is whether those of
    XGBoost, rounded to 32 bits after each tree, are too. `run` is whether Kohort's tests ask such a database; others
    are written and parsed. A probability may differ in its last bits everywhere, by the exponential of the store.
    """

    sums: bool
    narrow_sums: bool
    run: bool = False
    why: str = ""


_ONLY_WIDE: Final = "it has no 32-bit numbers: XGBoost's sums may differ by some 1e-6"

PARITIES: Final = {
    "duckdb": Parity(sums=True, narrow_sums=True, run=True),
    "postgres": Parity(sums=True, narrow_sums=True, run=True),
    "redshift": Parity(sums=True, narrow_sums=True),
    "spark": Parity(sums=True, narrow_sums=True),
    "databricks": Parity(sums=True, narrow_sums=True),
    "snowflake": Parity(sums=True, narrow_sums=False, why=_ONLY_WIDE),
    "bigquery": Parity(sums=True, narrow_sums=False, why=_ONLY_WIDE),
    "clickhouse": Parity(
        sums=True, narrow_sums=False, why="it adds 32-bit numbers up in 64: XGBoost's sums may differ by some 1e-6"
    ),
}
"""What is known of each of `kohort.engines.sql.dialects.DIALECTS`."""
