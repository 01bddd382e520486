"""The SQL engine with a memory: an evaluation leaves its narrow tables in the store, and the next one mends them."""

from collections.abc import Mapping
from dataclasses import dataclass

from kohort.clock import Moment
from kohort.engines.evaluation import Evaluation
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.sql.refresh.feeds import Cursors, Feed
from kohort.engines.sql.refresh.memory import AFTER_ALL, Memory
from kohort.engines.sql.refresh.step import Rescan, mended
from kohort.engines.sql.store import Store
from kohort.engines.statistics import Statistics
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule


@dataclass(frozen=True)
class Refreshed:
    """An evaluation, and what it took.

    `recomputed` is the number of people of whom any value was found anew. `full` says why everything was, None if it
    was not; `rescans` are the values for which the mending of what was kept did not do.
    """

    evaluation: Evaluation
    recomputed: int
    full: str | None
    rescans: tuple[Rescan, ...]


class IncrementalEngine(SqlEngine):
    """Evaluates rules like `SqlEngine`, and remembers in the store what it found.

    Its tables, whose names begin with `kept`, are made where the connection makes tables. They hold a row a person for
    each event name and trait, so the next evaluation reads only rows that were loaded since, and rows at whose moments
    a window took in or let go; `feed` says what is loaded and by which column, as `Cursors` does if it is not given.
    What the events or traits themselves lost or changed after they were loaded is not seen: after an erasure, a
    correction or a merge of people, evaluate with `full`.

    >>> from kohort.rules.parse import parse_rule
    >>> from kohort.storage.connections import open_duckdb
    >>> from kohort.storage.stores import DuckStore
    >>> connection = open_duckdb()
    >>> _ = connection.execute("CREATE TABLE people AS SELECT 'ada' person_id, 0 first_seen")
    >>> _ = connection.execute("CREATE TABLE trait_values (name TEXT, recorded_at BIGINT)")
    >>> _ = connection.execute(
    ...     "CREATE TABLE events AS SELECT 'e1' event_id, 'ada' person_id, 'e' name, 5 ts, 1 received_at"
    ... )
    >>> engine = IncrementalEngine(DuckStore(connection), Catalog(events={"e": {}}))
    >>> rules = {"twice": parse_rule("count of e >= 2")}
    >>> engine.refresh(rules, at=5).full
    'nothing was kept'
    >>> _ = connection.execute("INSERT INTO events VALUES ('e2', 'ada', 'e', 6, 2)")
    >>> found = engine.refresh(rules, at=7)
    >>> found.evaluation.members["twice"].to_pylist(), found.recomputed, found.full
    (['ada'], 1, None)
    """

    def __init__(self, store: Store, catalog: Catalog, kept: str = "kohort_kept", feed: Feed | None = None) -> None:
        super().__init__(store, catalog, scratch=f"{kept}_scratch")
        self._kept = kept
        self._feed = feed or Cursors().feed()

    def refresh(
        self,
        rules: Mapping[str, Rule],
        at: Moment,
        pinned: Statistics | None = None,
        *,
        upto: int | None = None,
        full: bool = False,
    ) -> Refreshed:
        """Return the members of each rule as of `at`, from what was kept where that will do, and keep what was found.

        Rows whose cursor lies above `upto` are left for the next time; `full` makes everything anew. Raises what
        `evaluate` raises.
        """
        plan = self._plan(rules)
        with self._store.snapshot():
            last = AFTER_ALL if upto is None else upto
            memory = Memory(self._store, self._kept, self._feed, at, upto=last, asked=full)
            with mended(self._store, self._catalog, plan, memory) as its, self._numbered(at):
                found = self._decide(plan, its.context, its.places, pinned)
        evaluation = found.evaluation(plan, at)
        recomputed = evaluation.population if its.concerned is None else its.concerned
        return Refreshed(evaluation, recomputed, memory.full, its.rescans)
