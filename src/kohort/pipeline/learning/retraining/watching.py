"""Looking for drift: a model's features, and what it says of people, month by month, as they were known then.

Each look is of the last month that has ended. Features are computed anew as they were known at the end of each month,
so that looking back tells the same whenever it is done.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from kohort.clock import Moment, datetime_of
from kohort.errors import UsageError
from kohort.learning.drift.alarm import FeatureDrift, find_drift
from kohort.learning.drift.bins import Bins, number_bins, word_bins
from kohort.learning.drift.matured import PerformanceDrift, performance_drift, performance_of
from kohort.learning.drift.windows import Calendar, compared
from kohort.learning.features.table import FeatureTable
from kohort.learning.wording import COLON, Bilingual
from kohort.pipeline.learning.months import month_ends
from kohort.pipeline.learning.registry.entries import RegisteredModel, content_of, live_model
from kohort.pipeline.learning.retraining.kinds import kind_named
from kohort.pipeline.learning.retraining.looks import DriftLook, JudgedMonth, WatchedFeature
from kohort.pipeline.learning.retraining.model_kind import ModelKind
from kohort.pipeline.workspace import Workspace
from kohort.stats.divergences import Counts, kolmogorov_smirnov, wasserstein

_FEWEST: Final = 50
"""The fewest people of a month of which anything is said."""
_MONTHS_A_YEAR: Final = 12
_MOST_JUDGED: Final = 12
_SEED: Final = 0


def look_for_drift(workspace: Workspace, score: str, at: Moment) -> DriftLook:
    """Compare the last month that has ended by `at` with those that the live model of a score knows.

    Raises UnknownNameError for a score without models, UsageError where none is in force, no month has ended since it
    learnt, or too few people are known.
    """
    kind = kind_named(workspace, score)
    model = live_model(workspace, score)
    if model is None:
        raise UsageError(f'no model of "{score}" is in force, so there is nothing to watch')
    ends = month_ends(at, _reach(workspace, kind, model, at), workspace)
    learnt = sum(end <= model.at for end in ends) - 1
    if learnt < 0 or learnt == len(ends) - 1:
        raise UsageError(f"no month has ended since {model.named} learnt; look again when one has")
    with workspace.read_once(at) as once:
        return _Look(once, kind, model, ends, learnt, at).told()


def month_of(workspace: Workspace, end: Moment) -> str:
    """Return what a month is called, by any of its moments."""
    return datetime_of(end, workspace.settings.zone).strftime("%Y-%m")


def _reach(workspace: Workspace, kind: ModelKind, model: RegisteredModel, at: Moment) -> int:
    """Return how many months to look at: those since the model learnt, the quiet ones before, and a season more."""
    now, then = (datetime_of(one, workspace.settings.zone) for one in (at, model.at))
    since = (now.year - then.year) * _MONTHS_A_YEAR + now.month - then.month
    return since + kind.retrain.months + kind.retrain.season


class _Look:
    """One look: the tables of features of the months that it needs, each computed once."""

    def __init__(
        self,
        workspace: Workspace,
        kind: ModelKind,
        model: RegisteredModel,
        ends: Sequence[Moment],
        learnt: int,
        until: Moment,
    ) -> None:
        self._workspace, self._kind, self._model, self._ends, self._until = workspace, kind, model, ends, until
        self._tables: dict[int, FeatureTable | None] = {}
        self._opened = kind.opened(workspace, content_of(workspace, model))
        self._now = len(ends) - 1
        season = kind.retrain.season
        first = max(0, learnt + 1 - kind.retrain.months)
        yearly = Calendar(learnt, season, max(0, first - season)) if season else None
        seasonal = yearly is not None and all(self._people(one) >= _FEWEST for one in yearly.reference(self._now))
        self._seasonal = seasonal and bool(yearly and yearly.reference(self._now))
        self._calendar = yearly if self._seasonal and yearly else Calendar(learnt, 0, first)
        for window, what in ((learnt, "the model learnt"), (self._now, "it is looked at")):
            if self._people(window) < _FEWEST:
                raise UsageError(
                    f'score "{kind.name}": fewer than {_FEWEST} people have its features in {self._month(window)}, '
                    f"when {what}"
                )

    def told(self) -> DriftLook:
        """Return what was found."""
        columns = self._columns()
        looks = {}
        for name, (bins, values) in columns.items():
            counts = self._counts(bins, values)
            if (one := compared(counts, self._now, self._calendar)) is not None:
                looks[name] = one
        drift = find_drift(looks, seed=_SEED)
        features = tuple(self._watched(one, *columns[one.feature]) for one in drift)
        judged_months, losses = self._judged()
        moved = [one.feature for one in features if one.found]
        lost = [one.measure for one in losses if one.found]
        found = [*moved, *lost]
        # How many people act may have a season too, which one month cannot tell; who acts more than others has none.
        certain = self._seasonal or not self._kind.retrain.season
        proposes = "auc" in lost or (certain and bool(moved)) or (not self._kind.retrain.season and bool(lost))
        others = [one for one in self._calendar.reference(self._now) if self._people(one) >= _FEWEST]
        against = tuple(self._month(one) for one in others)
        return DriftLook(
            self._model.score, self._model.number, self._ends[self._now], self._month(self._now),
            self._people(self._now), against, self._seasonal, features, proposes,
            _words(self._month(self._now), against, found, told=proposes or certain),
            judged_months, losses,
        )  # fmt: skip

    def _judged(self) -> tuple[tuple[JudgedMonth, ...], tuple[PerformanceDrift, ...]]:
        """Return how good chances were of the newest months whose people's time is over, and what the newest lost."""
        learnt = self._opened.learnt
        if learnt is None:
            return (), ()
        months = []
        for window in range(max(self._calendar.learnt + 1, self._now + 1 - _MOST_JUDGED), self._now + 1):
            end, known = self._ends[window], partial(self._table, window)
            told = self._opened.foretold(end, self._until, known)
            if told is not None and len(told.chances) >= _FEWEST:
                months.append(JudgedMonth(self._month(window), performance_of(told)))
        return tuple(months), performance_drift(learnt, months[-1].found) if months else ()

    def _month(self, window: int) -> str:
        return month_of(self._workspace, self._ends[window])

    def _table(self, window: int) -> FeatureTable | None:
        if window not in self._tables:
            self._tables[window] = self._opened.features(self._ends[window])
        return self._tables[window]

    def _people(self, window: int) -> int:
        table = self._table(window)
        return 0 if table is None else len(table.person_ids)

    def _needed(self) -> list[int]:
        windows = {self._now, *self._calendar.quiet}
        return sorted(windows | {other for one in tuple(windows) for other in self._calendar.reference(one)})

    def _columns(self) -> dict[str, tuple[Bins, dict[int, object]]]:
        """Return the bins of each feature, and of the score, by the month learnt from, and the values of each month."""
        tables = {one: table for one in self._needed() if (table := self._table(one)) is not None}
        learnt = tables[self._calendar.learnt]
        found: dict[str, tuple[Bins, dict[int, object]]] = {}
        for name in learnt.names:
            if np.isfinite(learnt.column(name)).any():
                values: dict[int, object] = {one: table.column(name) for one, table in tables.items()}
                found[name] = (number_bins(learnt.column(name)), values)
        for name, texts in learnt.texts.items():
            found[name] = (word_bins(texts), {one: table.text(name) for one, table in tables.items()})
        said = {one: self._opened.said(table) for one, table in tables.items()}
        return found | {self._kind.name: (word_bins(said[self._calendar.learnt]), dict(said))}

    def _counts(self, bins: Bins, values: Mapping[int, object]) -> Counts:
        """Return people by month and bin; a month that is not needed, or has too few, has none."""
        counts = np.zeros((len(self._ends), len(bins.names)), dtype=np.int64)
        for window, its in values.items():
            if self._people(window) < _FEWEST:
                continue
            counts[window] = bins.counts(its)  # type: ignore[arg-type]
        return counts

    def _watched(self, drift: FeatureDrift, bins: Bins, values: Mapping[int, object]) -> WatchedFeature:
        counts = self._counts(bins, values)
        reference = counts[list(self._calendar.reference(self._now))].sum(axis=0)
        now = counts[self._now]
        distance = moved = None
        own = values[self._now]
        if isinstance(own, np.ndarray):
            others = self._calendar.reference(self._now)
            before = np.concatenate([np.asarray(values[one]) for one in others if self._people(one) >= _FEWEST])
            one, other = before[~np.isnan(before)], own[~np.isnan(own)]
            if one.size and other.size:
                distance, spread = kolmogorov_smirnov(one, other), float(one.std())
                moved = wasserstein(one, other) / spread if spread else None
        return WatchedFeature(
            drift.feature, drift.feature == self._kind.name, drift.index, drift.divergence, drift.usual, drift.p_value,
            distance, moved, bins.names[drift.furthest], float(reference[drift.furthest] / reference.sum()),
            float(now[drift.furthest] / now.sum()), drift.found,
        )  # fmt: skip


def _words(month: str, against: Sequence[str], found: Sequence[str], *, told: bool) -> Bilingual:
    when = against[0] if len(against) == 1 else f"{against[0]} … {against[-1]}"
    if not found:
        return Bilingual(f"In {month} people were as in {when}.", f"En {month}, les personnes étaient comme en {when}.")
    names = ", ".join(found)
    said = Bilingual(
        f"In {month} people were no longer as in {when}: {names}.",
        f"En {month}, les personnes n'étaient plus comme en {when}{COLON} {names}.",
    )
    if told:
        return said
    return Bilingual(
        f"{said.en} Nobody was known a year before, so this may be the season: no retraining is proposed.",
        f"{said.fr} Personne n'était connu un an avant, ce peut donc être la saison{COLON} aucun réentraînement n'est "
        "proposé.",
    )
