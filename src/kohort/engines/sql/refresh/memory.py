"""What an evaluation left in a store for the next one, and what has been loaded since."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.engines.sql.dialects import dialect_of
from kohort.engines.sql.refresh import statements
from kohort.engines.sql.refresh.arrivals import Arrivals, Arriving
from kohort.engines.sql.refresh.feeds import Feed, Load, Part
from kohort.engines.sql.refresh.people import BEFORE_ALL
from kohort.engines.sql.refresh.record import Kept, Loaded
from kohort.engines.sql.refresh.shelves import shelf_of
from kohort.engines.sql.statements import Statement
from kohort.engines.sql.store import Store
from kohort.engines.sql.terms import all_of

AFTER_ALL = 2**63 - 1
"""A cursor after all others."""


class Memory:
    """The tables `name…` in `store`, opened inside the transaction of an evaluation as of `at`, and what `feed` brings.

    Rows whose cursor lies above `upto` are left for the next time. `full` is why nothing that was kept can be used,
    None if it can; it is `asked` where somebody asked for that. `kept` is what the last evaluation left, `loads` how
    far each load has come now, `answers` the meaning of the answers that are kept beside, empty if none are. `shelf`
    keeps the tables; `randomness` gives so many bytes, for names that no other run has.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        feed: Feed,
        at: Moment,
        *,
        upto: int = AFTER_ALL,
        asked: bool = False,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._store = store
        self._dialect = dialect_of(store.dialect)
        self._feed = feed
        self.answers = ""
        self.name = name
        self.at = at
        self.shelf = shelf_of(self._dialect, name, randomness(4).hex())
        self._run(*self.shelf.begin())
        documents = self.fetch(statements.read_record(self._dialect, name), "document")
        self._run(*self.shelf.claim())
        old = Kept.of_json(documents[0]) if documents else None
        self.kept = Kept(BEFORE_ALL) if old is None else old
        self._found = self.fetch(statements.list_tables(self._dialect), "tableName") if self._dialect.anew else []
        self.loads = {one.name: Loaded(self._latest(one, upto), one.meaning) for one in feed.loads.values()}
        self.full = self._reason(documents, old, asked=asked)
        if self.full is None:
            self._run(*self.shelf.show(self.kept.names))
        self.events = self._arrivals("events", ("ts", "event_id"), feed.events, feed.event_columns)
        self.traits = self._arrivals("trait_values", ("set_at", "value_id"), feed.traits, feed.trait_columns)

    def since(self, load: str) -> int | None:
        """Return the cursor above which rows of `load` are new; None: all are."""
        return None if self.full is not None else self.kept.loads[load].upto

    def new_rows(self, name: str) -> exp.Subquery:
        """Return the rows of the load `name` that are new, in place of its relation."""
        load, since = self._feed.loads[name], self.since(name)
        rows = [load.cursor.upto(self.loads[name].upto)]
        if since is not None:
            rows.append(load.cursor.above(since))
        return exp.select(exp.Star()).from_(load.relation).where(all_of(rows)).subquery(load.relation)

    def write(self, kept: Kept) -> None:
        """Write down what is kept now, and remove what is not."""
        self._run(*self.shelf.write(replace(kept, names=self.shelf.names).to_json()))
        self._run(*self.shelf.clear(self._found))

    def fetch(self, statement: Statement, name: str) -> list[Any]:
        """Return the column `name` of what a statement finds."""
        found: list[Any] = self._store.fetch(statement.text, statement.values)[name].to_pylist()
        return found

    def count(self, load: str, rows: int, taken: int) -> Loaded:
        """Take `rows` new ones of `load`, of which `taken` count, to those that were counted; return all."""
        before = Loaded(0) if self.full is not None else self.kept.loads[load]
        self.loads[load] = replace(self.loads[load], rows=before.rows + rows, taken=before.taken + taken)
        return self.loads[load]

    def _latest(self, load: Load, upto: int) -> int:
        known = self.kept.loads.get(load.name)
        # Of what was read before, only whether any of it is there: rows before that need not be looked at.
        for since in [None] if known is None or known.meaning != load.meaning else [known.upto, None]:
            (latest,) = self.fetch(statements.latest_cursor(self._dialect, load, upto, since), "latest")
            if latest is not None:
                return int(latest)
        return BEFORE_ALL

    def _reason(self, documents: list[Any], old: Kept | None, *, asked: bool) -> str | None:  # noqa: PLR0911 - each its own
        if asked:
            return "it was asked for"
        if not documents:
            return "nothing was kept"
        if old is None:
            return "what was kept cannot be read"
        if self.at < old.at:
            return "the moment lies before the one that was kept"
        for name in sorted({*self.loads, *old.loads}):
            before, now = old.loads.get(name), self.loads.get(name)
            if before is None or now is None or before.meaning != now.meaning:
                return f'what is read of "{name}" is not what was read before'
            if now.upto < before.upto:
                return "rows that were loaded are gone"
        if not {*old.names.values()} <= {*self._found}:
            return "tables that were kept are gone"
        return None

    def _arrivals(
        self, relation: str, by: tuple[str, str], parts: tuple[Part, ...], columns: tuple[str, ...]
    ) -> Arrivals:
        arriving = [Arriving(one, self.since(one.load.name), self.loads[one.load.name].upto) for one in parts]
        return Arrivals(relation, *by, columns, tuple(arriving))

    def _run(self, *run: Statement) -> None:
        for one in run:
            self._store.run(one.text, one.values)
