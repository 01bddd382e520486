"""What the SQL engine is handed: a connection to a store, reduced to three calls."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import pyarrow as pa


class Store(Protocol):
    """A connection on which the relations `events`, `people` and `trait_values` are seen.

    `dialect` names one of `kohort.engines.sql.dialects.DIALECTS`. Values are bound in the order in which the
    statement numbers them.
    """

    @property
    def dialect(self) -> str:
        """The name of its dialect."""

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows: int64, text, booleans and lists of text."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Show all statements inside one state of the data; undo what they made if an error leaves it."""
