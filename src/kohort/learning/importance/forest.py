"""All variables together: a random forest, what it loses without each, and how the goal moves as one moves."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from kohort.learning.importance.information import edges_of
from kohort.learning.importance.results import Step
from kohort.learning.importance.variables import Numbers, Snapshot, Variable
from kohort.stats.intervals import Interval, critical_value

TREES: Final = 100
_PERMUTATIONS: Final = 5
_LEAF: Final = 10
_STEPS: Final = 10
_DOUBT: Final = 0.05


@dataclass(frozen=True, eq=False)
class Forest:
    """A fitted forest, and the columns that each variable fills of what it is given."""

    model: RandomForestClassifier | RandomForestRegressor
    columns: Mapping[str, tuple[int, ...]]
    categories: Mapping[str, tuple[str, ...]]
    usual: float
    """What it is compared with: the mean of the goal where it learnt, which needs no variable."""

    def predicted(self, rows: Numbers) -> Numbers:
        """Return what it expects of rows that `encoded` made, shape (people,)."""
        if isinstance(self.model, RandomForestRegressor):
            expected: Numbers = self.model.predict(rows)
            return expected
        shares: Numbers = self.model.predict_proba(rows)
        return shares[:, 1] if shares.shape[1] > 1 else np.full(len(rows), float(self.model.classes_[0]))

    @property
    def impurity(self) -> dict[str, float]:
        """How much of the drop of impurity each variable brings while the forest learns; they add up to 1.

        It favours variables with many values (Strobl et al. 2007, BMC Bioinformatics 8:25), so it stands beside only.
        """
        drops = self.model.feature_importances_
        return {name: float(drops[list(columns)].sum()) for name, columns in self.columns.items()}


def scale_of(goal: Numbers, *, is_amount: bool) -> Numbers:
    """Return a goal as forests learn it: amounts as log(1 + amount), so that few large ones do not decide."""
    return np.log1p(goal) if is_amount else goal


def grown(snapshot: Snapshot, *, seed: int, trees: int = TREES) -> Forest:
    """Return a forest that has learnt the goal (Breiman 2001, Machine Learning 45:5).

    That a number is missing is a way of its own through its trees.
    """
    rows, columns = encoded(snapshot)
    goal = scale_of(snapshot.goal, is_amount=snapshot.is_amount)
    make = RandomForestRegressor if snapshot.is_amount else RandomForestClassifier
    model = make(trees, min_samples_leaf=max(_LEAF, len(goal) // 500), max_features="sqrt", random_state=seed, n_jobs=2)
    model.fit(rows, goal)
    model.n_jobs = 1  # few rows are asked about at a time, and handing them to threads takes longer
    categories = {one.name: one.categories for one in snapshot.variables if one.categories is not None}
    return Forest(model, columns, categories, float(goal.mean()))


def encoded(snapshot: Snapshot) -> tuple[Numbers, dict[str, tuple[int, ...]]]:
    """Return variables as the columns that forests take, and which are whose: a category is a column each."""
    columns: list[Numbers] = []
    places: dict[str, tuple[int, ...]] = {}
    for variable in snapshot.variables:
        first = len(columns)
        if variable.categories is None:
            columns.append(variable.values)
        else:
            columns += [(variable.values == code).astype(np.float64) for code in range(len(variable.categories))]
        places[variable.name] = tuple(range(first, len(columns)))
    return np.column_stack(columns), places


def skill(forest: Forest, snapshot: Snapshot) -> Interval:
    """Return which share of what is open about others' goal a forest tells: 1 - its squared error by that of the mean.

    For a conversion that is the Brier skill score (Murphy 1973, J. Applied Meteorology 12:595). 0 or less: it tells
    nothing. The interval holds the forest as it is, and the people it is tried on as a sample.
    """
    rows, _ = encoded(snapshot)
    goal = scale_of(snapshot.goal, is_amount=snapshot.is_amount)
    plain = (goal - forest.usual) ** 2
    return _share(plain - (goal - forest.predicted(rows)) ** 2, plain)


def permutation_importance(
    forest: Forest, snapshot: Snapshot, together: Sequence[tuple[str, ...]], *, seed: int
) -> list[Interval]:
    """Return how much worse a forest tells others' goal where some variables are exchanged between people.

    Breiman 2001, section 10; with a set of variables for those that say the same, since a forest makes up for one by
    the others. In shares of the error of the mean alone, as `skill`: what is lost of it (Fisher, Rudin and Dominici
    2019, JMLR 20:177). `snapshot` must hold other people than it learnt from, or a later time. All intervals together
    hold with 95 % (Bonferroni 1936), so that of many variables none seems to matter by chance.
    """
    rows, _ = encoded(snapshot)
    goal = scale_of(snapshot.goal, is_amount=snapshot.is_amount)
    plain, error = (goal - forest.usual) ** 2, (goal - forest.predicted(rows)) ** 2
    random = np.random.default_rng(seed)
    found = []
    for names in together:
        places = [place for name in names for place in forest.columns[name]]
        exchanged = [rows.copy() for _ in range(_PERMUTATIONS)]
        for each in exchanged:
            each[:, places] = rows[random.permutation(len(rows))][:, places]
        worse = np.mean([(goal - one) ** 2 - error for one in _predicted_each(forest, exchanged)], axis=0)
        found.append(_share(worse, plain, confidence=1 - _DOUBT / len(together)))
    return found


def sensitivity(forest: Forest, snapshot: Snapshot, name: str) -> tuple[Step, ...]:
    """Return how the expected goal moves as one variable moves, the others staying as they go with it.

    For a number by accumulated local effects (Apley and Zhu 2020, JRSS B 82:1059), in ten groups of equal size; for a
    category by partial dependence (Friedman 2001, Annals of Statistics 29:1189). Both around their mean. Intervals
    hold the forest as it is. For amounts on the scale of log(1 + amount). None of it says that moving it moves them.
    """
    rows, _ = encoded(snapshot)
    places = list(forest.columns[name])
    if name in forest.categories:
        return _by_category(forest, rows, places, forest.categories[name])
    variable = next(one for one in snapshot.variables if one.name == name)
    return _by_value(forest, rows, places[0], variable)


def _predicted_each(forest: Forest, tables: Sequence[Numbers]) -> list[Numbers]:
    """Return what a forest expects of each of some tables: all trees are asked once."""
    return np.split(forest.predicted(np.concatenate(tables)), len(tables))


def _by_value(forest: Forest, rows: Numbers, place: int, variable: Variable) -> tuple[Step, ...]:
    known = variable.known
    rows, values = rows[known], variable.values[known]
    edges = edges_of(values, _STEPS)
    if len(edges) < 2:  # noqa: PLR2004 - from one value to another
        return ()
    lower = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(edges) - 2)
    ends = [rows.copy(), rows.copy()]
    ends[0][:, place], ends[1][:, place] = edges[lower], edges[lower + 1]
    at_lower, at_upper = _predicted_each(forest, ends)
    differences = at_upper - at_lower
    groups = [differences[lower == number] for number in range(len(edges) - 1)]
    means = np.array([one.mean() if len(one) else 0.0 for one in groups])
    spreads = np.array([one.var(ddof=1) / len(one) if len(one) > 1 else 0.0 for one in groups])
    total = np.concatenate([[0.0], np.cumsum(means)])
    sizes = np.array([len(one) for one in groups])
    centre = float(((total[1:] + total[:-1]) / 2) @ sizes / sizes.sum())
    reach = critical_value(0.95) * np.sqrt(np.concatenate([[0.0], np.cumsum(spreads)]))
    return tuple(
        Step(Interval(float(at - centre), float(at - centre - by), float(at - centre + by), len(values)), float(edge))
        for edge, at, by in zip(edges, total, reach, strict=True)
    )


def _by_category(forest: Forest, rows: Numbers, places: list[int], categories: Sequence[str]) -> tuple[Step, ...]:
    changed = [rows.copy() for _ in places]
    for place, each in zip(places, changed, strict=True):
        each[:, places] = 0.0
        each[:, place] = 1.0
    expected = _predicted_each(forest, changed)
    weights = rows[:, places].mean(axis=0)
    total = weights.sum()
    mean = np.tensordot(weights / total if total else np.full(len(places), 1 / len(places)), expected, axes=1)
    return tuple(
        Step(_interval(one - mean), category=category) for one, category in zip(expected, categories, strict=True)
    )


def _share(
    gained: npt.NDArray[np.float64], plain: npt.NDArray[np.float64], *, confidence: float = 1 - _DOUBT
) -> Interval:
    """Return the mean of `gained` as a share of that of `plain`, by the delta method for a ratio of means."""
    whole = float(plain.mean())
    if whole == 0:
        return Interval(0.0, 0.0, 0.0, len(plain))
    share = float(gained.mean()) / whole
    spread = float((gained - share * plain).std(ddof=1)) / whole / math.sqrt(len(plain))
    reach = critical_value(confidence) * spread
    return Interval(share, share - reach, share + reach, len(plain))


def _interval(values: Numbers) -> Interval:
    reach = critical_value(0.95) * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Interval(float(values.mean()), float(values.mean() - reach), float(values.mean() + reach), len(values))
