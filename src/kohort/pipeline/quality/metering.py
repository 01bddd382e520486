"""Counting, while a load is read, what its measures are made of, and which of its rows are the worst."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.collection.batches import Batch
from kohort.definitions.checking import RowCheck
from kohort.definitions.normalisation import Status
from kohort.pipeline.sources import reason_without_values
from kohort.quality.cross_checks.judging import judge
from kohort.quality.measures import LoadCounts
from kohort.storage.records import WorstRow
from kohort.storage.seen import Keys, keys_of

_WORST: Final = 10
"""How many rows are kept of those that have the most problems."""
_REASONS: Final = 5
_REPEATED: Final = "duplicate_rows"
_NONE: Final = np.zeros(0, np.int64)


class LoadMeter:
    """Counts what a source's load is made of, a batch after the other.

    `mapped` are the properties or traits that its rows become, and with `is_plain` nothing else; `expects` are those
    that each record should have.
    """

    def __init__(
        self,
        mapped: Collection[str],
        expects: Sequence[str],
        checks: Sequence[RowCheck] = (),
        *,
        is_plain: bool = False,
    ) -> None:
        self._expects, self._mapped, self._checks = tuple(expects), frozenset(mapped), tuple(checks)
        # What was written stands beside a value that was brought into another form.
        self._is_all = is_plain and self._mapped == frozenset(self._expects)
        self._values = len(self._mapped) + 2  # the person and the time
        self._is_plain = is_plain
        self._keys: list[Keys] = []
        self._filled: list[NDArray[np.int64]] = []
        self._again: list[NDArray[np.bool_]] = []
        self._judged: list[NDArray[np.int64]] = []
        self._broken: list[NDArray[np.int64]] = []
        self._rejected = self._wrong = 0
        self._newest: Moment | None = None
        self._faults: Counter[tuple[str, str]] = Counter()
        self._worst: list[tuple[int, int, tuple[str, ...]]] = []

    def anew(self) -> "LoadMeter":
        """Return one that has counted nothing."""
        return LoadMeter(self._mapped, self._expects, self._checks, is_plain=self._is_plain)

    def take(self, batch: Batch) -> None:
        """Count a batch."""
        self._rejected += len(batch.rejected)
        for one in batch.rejected:
            reason = reason_without_values(one.reason)
            reason = f"{one.field}: {reason}" if one.field else reason
            self._faults["rejected", one.field] += 1
            self._note(one.line, self._values, (reason,))
        for warning in batch.warnings:
            self._faults[warning.check, warning.field] += warning.count
            self._wrong += warning.count if warning.check != _REPEATED else 0
        for tally in batch.tallies:
            flagged = tally.statuses[Status.FLAGGED]
            self._wrong += flagged
            self._faults["flagged", tally.column] += flagged
        if not batch.messages:
            return
        filled = np.fromiter(self._counted(batch), np.int64, len(batch.messages))
        self._keys.append(keys_of((one.source, one.event_id) for one in batch.messages))
        self._filled.append(filled)
        again = batch.again or [False] * len(batch.messages)
        self._again.append(np.array(again, np.bool_))
        self._check(batch)
        newest = max(one.ts for one in batch.messages)
        self._newest = newest if self._newest is None else max(self._newest, newest)

    def counts(self) -> LoadCounts:
        """Return what was counted; a record that comes again counts as a repeat, and nothing of it otherwise."""
        once = self._once()
        filled = np.concatenate([_NONE, *self._filled])[once]
        records = int(once.sum()) + self._rejected
        judged, broken = (int(np.concatenate([_NONE, *counts])[once].sum()) for counts in (self._judged, self._broken))
        all_checks = self._rejected * len(self._checks)
        return LoadCounts(
            records=records,
            rejected=self._rejected,
            repeats=len(once) - int(once.sum()),
            cells=records * len(self._expects),
            filled=int(filled.sum()) if self._expects else None,
            values=records * self._values,
            wrong=self._wrong + self._rejected * self._values,
            judged=judged + all_checks,
            broken=broken + all_checks,
            newest=self._newest,
            is_checked=bool(self._checks),
        )

    @property
    def worst(self) -> list[WorstRow]:
        """The rows that have the most problems, the worst first."""
        ordered = sorted(self._worst, key=lambda one: (-one[0], -one[1]))
        return [WorstRow(-line, problems, list(reasons)) for problems, line, reasons in ordered]

    @property
    def faults(self) -> list[tuple[str, str, int]]:
        """What was wrong, by kind and field, the most frequent first."""
        return [(kind, field, count) for (kind, field), count in self._faults.most_common()]

    def _once(self) -> NDArray[np.bool_]:
        """Return which messages no other one of the load came before, shape (messages,)."""
        if not self._keys:
            return np.zeros(0, np.bool_)
        _, first = np.unique(np.concatenate(self._keys), axis=0, return_index=True)
        again = np.concatenate(self._again)
        once = np.zeros(len(again), np.bool_)
        once[first] = True
        return once & ~again

    def _counted(self, batch: Batch) -> Iterator[int]:
        """Yield how many of the expected values each message has."""
        expected = len(self._expects)
        for place, one in enumerate(batch.messages):
            its = one.values
            filled = sum(map(len, its.kinds())) if self._is_all else sum(map(its.has, self._expects))
            if filled < expected:
                missing = tuple(name for name in self._expects if not its.has(name))
                line = batch.lines[place] if batch.lines else 0
                self._faults.update(("missing", name) for name in missing)
                self._note(line, len(missing), tuple(f"{name} is missing" for name in missing[:_REASONS]))
            yield filled

    def _check(self, batch: Batch) -> None:
        """Hold the values of each message against each other."""
        judged = np.zeros(len(batch.messages), np.int64)
        broken = judged.copy()
        self._judged.append(judged)
        self._broken.append(broken)
        if not self._checks:
            return
        names = {name for one in self._checks for name in one.names}
        values = [one.values.kinds() for one in batch.messages]
        columns = {name: [next((its[name] for its in one if name in its), None) for one in values] for name in names}
        why: dict[int, list[str]] = {}
        for found in judge(self._checks, columns, len(batch.messages)):
            judged += found.judged
            broken += found.failed
            self._faults["inconsistent", str(found.check)] += int(found.failed.sum())
            for place in np.flatnonzero(found.failed)[: _WORST * _WORST].tolist():
                why.setdefault(place, []).append(found.reason)
        for place, reasons in why.items():
            self._note(batch.lines[place] if batch.lines else 0, len(reasons), tuple(reasons[:_REASONS]))

    def _note(self, line: int, problems: int, reasons: tuple[str, ...]) -> None:
        found = (problems, -line, reasons)
        if len(self._worst) < _WORST:
            heapq.heappush(self._worst, found)
        elif found > self._worst[0]:
            heapq.heapreplace(self._worst, found)
