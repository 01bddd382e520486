"""Graded gaps apart: an engine that answers what its store can, and has the kernel engine answer the rest."""

from collections.abc import Mapping

import numpy as np

from kohort.clock import Moment
from kohort.engines.evaluation import Evaluation, Explanation, Members
from kohort.engines.kernel.choice import plain_kernels
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.plan import build_plan
from kohort.engines.sql.dialects import dialect_of
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.sql.gaps import check_gaps
from kohort.engines.sql.store import Store
from kohort.engines.statistics import Statistics
from kohort.errors import GapError
from kohort.rules.nodes import Rule
from kohort.testing.columns import history_of
from kohort.testing.worlds import World


class GapsApart:
    """The SQL engine on a store with gaps, as the published suite can hold it to the meaning of rules.

    A rule that meets a gap must be refused, and is then answered by the kernel engine; all others are the store's.
    `refused` and `answered` count them.
    """

    refused = 0
    answered = 0

    def __init__(self, store: Store, world: World) -> None:
        self._world = world
        self._dialect = dialect_of(store.dialect)
        self._engine = SqlEngine(store, world.catalog)

    def evaluate(self, rules: Mapping[str, Rule], at: Moment, pinned: Statistics | None = None) -> Evaluation:
        """Return what the store finds, and of rules that it refuses what the kernel engine finds."""
        refused = {name: rule for name, rule in rules.items() if self._is_refused(rule)}
        found = self._engine.evaluate({name: rules[name] for name in rules if name not in refused}, at, pinned)
        if not refused:
            return found
        besides = self._kernels().evaluate(refused, at, pinned)
        people = found.members.people
        bits = dict(found.members.bits)
        for name, members in besides.members.items():
            inside = set(members.to_pylist())
            bits[name] = np.packbits(np.array([one in inside for one in people.to_pylist()], bool), bitorder="little")
        statistics = Statistics({**besides.statistics.by_key, **found.statistics.by_key})
        return Evaluation(at, Members(people, {name: bits[name] for name in rules}), found.existing, statistics)

    def explain(self, rule: Rule, person_id: str, at: Moment, pinned: Statistics | None = None) -> Explanation:
        """Return what the store explains, or of a rule that it refuses what the kernel engine explains."""
        engine = self._kernels() if self._is_refused(rule) else self._engine
        return engine.explain(rule, person_id, at, pinned)

    def _is_refused(self, rule: Rule) -> bool:
        try:
            check_gaps(build_plan({"": rule}, self._world.catalog), self._world.catalog, self._dialect)
        except GapError:
            GapsApart.refused += 1
            return True
        GapsApart.answered += 1
        return False

    def _kernels(self) -> KernelEngine:
        return KernelEngine(history_of(self._world), self._world.catalog, plain_kernels())
