"""Sequences kept up to date step by step, with two queues of deadlines: to be complete, and to leave their window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kohort.clock import Moment
from kohort.engines.columns import MISSING
from kohort.engines.live import stepping
from kohort.engines.live.deadlines import Deadlines
from kohort.engines.live.flips import Flips, Lines
from kohort.engines.live.layout import FOREVER, Layout
from kohort.engines.live.sliding import Numbers
from kohort.engines.live.table import Table
from kohort.rules.literals import Last
from kohort.rules.nodes import Sequence as Steps
from kohort.rules.nodes import Step

_ROOM = 2**12
_KEPT = 2**18
_FEW = 2**14
_NOTHING = np.zeros((0, 3), np.int64)


@dataclass(frozen=True)
class Use:
    """What a stream of an event is to a sequence."""

    event: str
    stream: int
    role: int
    which: int


@dataclass(frozen=True)
class Chain:
    """A sequence as the loops read it; `gaps` are, for each absence, the steps that it stands before."""

    uses: tuple[Use, ...]
    withins: tuple[int, ...]
    gaps: tuple[int, ...]
    limit: int
    window: int
    wait: int

    @staticmethod
    def of(sequence: Steps, layout: Layout) -> "Chain | None":
        """Return a sequence that can be kept step by step; None for one that is traced instead.

        That is one whose first step has no window or a sliding one, and that waits for one absence at most.

        >>> from kohort.engines.context import Context
        >>> from kohort.engines.statistics import Statistics
        >>> from kohort.rules.catalog import Catalog
        >>> from kohort.rules.parse import parse_rule
        >>> layout = Layout(Context(Catalog(), at=0), Statistics(), first=1)
        >>> Chain.of(parse_rule("did cart then not order within 1 second"), layout).wait
        1000000
        """
        if not isinstance(sequence.window, Last | None):
            return None
        uses: list[Use] = []
        withins, gaps = [0], list[int]()
        absent: list[tuple[Step, int]] = []
        for step in sequence.steps:
            number = layout.stream(step.event, step.where)
            if number is None:
                return None
            if step.negated:
                absent.append((step, number))
                continue
            if uses:
                withins.append(FOREVER if step.within is None else step.within.length)
            for one, its in absent:
                uses.append(Use(one.event, its, stepping.ABSENT, len(gaps)))
                gaps.append(len(withins) - 1)
            uses.append(Use(step.event, number, stepping.DONE, len(withins) - 1))
            absent = []
        nevers = [Use(one.event, its, stepping.NEVER, 0) for one, its in absent]
        if len(nevers) > 1:
            return None
        wait = sum(one.within.length for one, _ in absent if one.within is not None)
        limit = FOREVER if sequence.limit is None else sequence.limit.length
        window = FOREVER if sequence.window is None else sequence.window.length
        return Chain((*uses, *nevers), tuple(withins), tuple(gaps), limit, window, wait)

    @property
    def size(self) -> int:
        """The number of integers of a person's state."""
        return 4 * (len(self.withins) - 1) + 2 * len(self.gaps) + 2


class Chains:
    """Everybody's steps of sequences, `numbered` from a first one on.

    Whoever is told something late of is set `apart`: their sequences are no longer kept here.
    """

    def __init__(self, chains: Sequence[Chain], first: int, events: Sequence[str], people: int) -> None:
        self._chains, self._first, self._events = chains, first, events
        its = [
            (event, -use.which, number, use)
            for event, name in enumerate(events)
            for number, chain in enumerate(chains)
            for use in chain.uses
            if use.event == name
        ]
        its.sort(key=lambda one: one[:3])
        self._uses = np.array([(n, use.stream, use.role, use.which) for _, _, n, use in its], np.uint32).reshape(-1, 4)
        self._first_use = np.searchsorted([one[0] for one in its], np.arange(len(events) + 1)).astype(np.uint32)
        self._uses_of = np.diff(self._first_use.astype(np.int64))
        self._withins = np.array([one for chain in chains for one in chain.withins], np.int64)
        self._gaps = np.array([one for chain in chains for one in chain.gaps], np.int64)
        self._facts = self._facts_of(chains, first)
        self._most = max((chain.size for chain in chains), default=0)
        self.apart = np.zeros((len(chains), people), np.bool_)
        self.any_apart = np.zeros(len(chains), np.bool_)
        self._blocks = np.full((people, len(chains)), -1, np.int32)
        self._pool, self._used = np.empty(0, np.int64), np.zeros(1, np.int64)
        self._pending = np.empty((len(chains), 0, 3), np.int64)
        self._queue = np.zeros((len(chains) + 1, 2), np.int64)
        self._leaving = Deadlines(3)
        self._leaves, self._flips = _NOTHING, _NOTHING

    def begin(self, table: Table, at: Moment) -> Flips:
        """Take in rows in the order of time, and the time up to `at`; return which sequences hold."""
        for first in range(0, len(table), 2**20):
            rows = table.of(slice(first, first + 2**20))
            # The next rows may be of the same moment as the last of these.
            self.tell(rows, int(rows.ts[-1]) - 1)
        self.tell(table.of(slice(0)), at)
        people, chains = np.nonzero(self._blocks >= 0)
        sizes = self._facts[chains, stepping.SIZE]
        inside = self._pool[self._blocks[people, chains] + sizes - 1] != MISSING
        people, chains = people[inside].astype(np.int32), (chains[inside] + self._first).astype(np.int32)
        return Flips(
            np.full(len(people), at), people, chains, np.ones(len(people), np.bool_), np.zeros(len(people), np.int8)
        )

    def grow(self, people: int) -> None:
        """Make room for so many people."""
        if people > len(self._blocks):
            room = max(people, len(self._blocks) * 5 // 4)
            blocks, apart = (
                np.full((room, len(self._chains)), -1, np.int32),
                np.zeros((len(self._chains), room), np.bool_),
            )
            blocks[: len(self._blocks)], apart[:, : len(self._blocks)] = self._blocks, self.apart
            self._blocks, self.apart = blocks, apart

    def forget(self, people: Numbers) -> None:
        """Leave all sequences of people to others."""
        self.apart[:, people] = True
        self.any_apart[:] = True

    def set_apart(self, late: Table) -> None:
        """Leave to others the sequences, of those whom late rows are of, that these rows could be steps of."""
        for use in range(len(self._uses)) if len(late) else ():
            event = int(np.searchsorted(self._first_use, use, side="right")) - 1
            whose = late.people[late.events == event]
            self.apart[self._uses[use, 0], whose] = True
            self.any_apart[self._uses[use, 0]] |= len(whose) > 0

    def tell(self, due: Table, now: Moment) -> Lines:
        """Take in rows in the order of time, all later than what was told, and that it is `now`; return what flips."""
        if not self._chains:
            return _NOTHING
        most = self._make_room(due)
        leaves, flips = self._lines(most)
        self._queue[-1] = 0
        known = tuple(self._known(leaves))
        found = stepping.advance(due.ts, due.rows, now, known, self._blocks, self._pool, self._used, flips)
        self._leaving.add(leaves[: int(self._queue[-1, 0])].copy())
        leaving = self._leaving.until(now)
        if not len(leaving):
            return flips[:found]
        flips = np.concatenate([flips[:found], np.empty_like(leaving)])
        return flips[: stepping.leave_windows(leaving, known, self._blocks, self._pool, flips, found)]

    def _lines(self, most: int) -> tuple[Lines, Lines]:
        """Return room for so many ways to cease, and twice so many flips; it is kept, as new room costs more to get."""
        if most > _KEPT:
            return np.empty((most, 3), np.int64), np.empty((2 * most, 3), np.int64)
        if most > len(self._leaves):
            size = min(2 * most, _KEPT)
            self._leaves, self._flips = np.empty((size, 3), np.int64), np.empty((2 * size, 3), np.int64)
        return self._leaves, self._flips

    def _make_room(self, due: Table) -> int:
        """Make room for what rows may add; return how many ways may begin or cease to count."""
        new = self._most_uses(due)
        need = int(self._used[0]) + new * self._most
        if need > len(self._pool):
            pool = np.empty(max(need, len(self._pool) * 3 // 2), np.int64)
            pool[: len(self._pool)] = self._pool
            self._pool = pool
        waiting = self._queue[:-1, 1] - self._queue[:-1, 0]
        if int(self._queue[:-1, 1].max()) + new > self._pending.shape[1]:
            pending = np.empty((len(self._chains), 2 * (int(waiting.max()) + new) + _ROOM, 3), np.int64)
            for number, (first, end) in enumerate(self._queue[:-1].tolist()):
                pending[number, : end - first] = self._pending[number, first:end]
            self._pending = pending
            self._queue[:-1, 0], self._queue[:-1, 1] = 0, waiting
        return new + int(waiting.sum())

    def _most_uses(self, due: Table) -> int:
        """Return how often rows are of use to sequences at most: that of few rows is not counted."""
        if len(due) <= _FEW:
            return len(due) * int(self._uses_of.max(initial=0))
        return int(self._uses_of[due.events].sum())

    def _known(self, leaves: Numbers) -> stepping.Known:
        return stepping.Known(
            self._first_use,
            self._uses,
            self._facts,
            self._withins,
            self._gaps,
            self.apart,
            self.any_apart,
            self._pending,
            self._queue,
            leaves,
        )

    @staticmethod
    def _facts_of(chains: Sequence[Chain], first: int) -> Numbers:
        withins = np.cumsum([0, *(len(chain.withins) for chain in chains)])
        gaps = np.cumsum([0, *(len(chain.gaps) for chain in chains)])
        known = [
            (len(chain.withins), withins[n], chain.limit, chain.window, chain.wait, first + n, gaps[n], chain.size)
            for n, chain in enumerate(chains)
        ]
        return np.array(known, np.int64).reshape(-1, stepping.SIZE + 1)
