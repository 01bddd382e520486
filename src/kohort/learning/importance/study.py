"""The whole question: which variables matter for a goal, and which of them are at hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.importance.alone import each_alone, mean_goal
from kohort.learning.importance.forest import Forest, grown, permutation_importance, sensitivity, skill
from kohort.learning.importance.redundancy import Redundancy, redundancy_of
from kohort.learning.importance.results import AVAILABLE, Alone, Holdout, ImportanceStudy, Priority, VariableFound
from kohort.learning.importance.screening import screened
from kohort.learning.importance.variables import Snapshot

_LEARNT: Final = 50_000
_TRIED: Final = 5_000
_COUNTED: Final = 100_000
_PAIRED: Final = 20_000
_FEWEST: Final = 100
_FEWEST_REACHED: Final = 20
_PARTS: Final = 4


def study_of(
    now: Snapshot,
    before: Snapshot | None,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> ImportanceStudy:
    """Return which variables matter for the goal of `now`; the forest learns from `before`, an earlier moment.

    Without people enough before, half of those of now teach it, and the other half try it. Large populations are
    sampled with the seed: 100,000 people for what each variable says alone, 20,000 for pairs, 50,000 to learn from and
    5,000 to try. Raises UsageError for fewer than 100 people, fewer than 20 on either side, or no variable left.
    """
    _check(now)
    told = progress or (lambda _done, _all: None)
    seen, left_out = screened(now.some(_COUNTED, seed))
    if not seen.variables:
        raise UsageError("no variable is left that varies and does not know the goal already; bring in more traits")
    alone = each_alone(seen, seed=seed)
    told(1, _PARTS)
    redundancy = redundancy_of(seen.some(_PAIRED, seed).variables)
    told(2, _PARTS)
    learnt, tried, holdout = _apart(now, before, [one.name for one in alone], seed)
    forest = grown(learnt, seed=seed)
    told(3, _PARTS)
    ability = skill(forest, tried)
    variables = _found(alone, redundancy, forest, tried, seed)
    told(_PARTS, _PARTS)
    return ImportanceStudy(
        people=len(now),
        goal=mean_goal(now.goal, is_amount=now.is_amount),
        is_amount=now.is_amount,
        skill=ability,
        holdout=holdout,
        learnt_from=len(learnt),
        variables=prioritised(variables, silent=ability.low <= 0),
        left_out=left_out,
        names=redundancy.names,
        clusters=redundancy.clusters,
        associations=tuple(tuple(map(float, row)) for row in redundancy.associations),
    )


def prioritised(found: Sequence[VariableFound], *, silent: bool) -> tuple[VariableFound, ...]:
    """Return variables with their priorities, the most important first.

    The impact of a variable is what the forest loses without it and those that say the same. It is great from a fair
    share on, that of all impacts by the number of clusters, and none where its interval is not above 0. Of a cluster
    only the leading variable is strategic, or worth collecting where fewer than 80 % of people have it; the others, and
    small impacts, are accessory.
    """
    leading = [one for one in found if one.is_leading]
    fair = sum(max(0.0, one.importance_together.estimate) for one in leading) / len(leading)
    given = [replace(one, priority=Priority.ASIDE if silent else _priority(one, fair)) for one in found]
    order = list(Priority)
    return tuple(
        sorted(given, key=lambda one: (order.index(one.priority), -one.importance_together.estimate, one.name))
    )


def _priority(one: VariableFound, fair: float) -> Priority:
    impact = one.importance_together
    if impact.low <= 0:
        return Priority.ASIDE
    if not one.is_leading or impact.estimate < fair:
        return Priority.ACCESSORY
    return Priority.STRATEGIC if one.availability >= AVAILABLE else Priority.COLLECT


def _found(
    alone: Sequence[Alone], redundancy: Redundancy, forest: Forest, tried: Snapshot, seed: int
) -> list[VariableFound]:
    names = [one.name for one in alone]
    clusters = {name: redundancy.cluster_of(name) for name in names}
    sets = [*dict.fromkeys([*((name,) for name in names), *clusters.values()])]
    lost = dict(zip(sets, permutation_importance(forest, tried, sets, seed=seed), strict=True))
    leading = {cluster: max(cluster, key=lambda one: (lost[one,].estimate, one)) for cluster in clusters.values()}
    impurity = forest.impurity
    return [
        VariableFound(
            alone=one,
            importance=lost[one.name,],
            importance_together=lost[clusters[one.name]],
            impurity=impurity[one.name],
            same=tuple(other for other in clusters[one.name] if other != one.name),
            is_leading=leading[clusters[one.name]] == one.name,
            priority=Priority.ASIDE,
            sensitivity=sensitivity(forest, tried, one.name),
        )
        for one in alone
    ]


def _apart(
    now: Snapshot, before: Snapshot | None, names: Sequence[str], seed: int
) -> tuple[Snapshot, Snapshot, Holdout]:
    """Return who teaches the forest and who tries it."""
    if before is not None and _lacks(before) == "":
        return before.only(names).some(_LEARNT, seed), now.only(names).some(_TRIED, seed), Holdout.TIME
    order = np.random.default_rng(seed).permutation(len(now))
    half = len(now) // 2
    learnt, tried = now.of(np.sort(order[:half])), now.of(np.sort(order[half:]))
    return learnt.only(names).some(_LEARNT, seed), tried.only(names).some(_TRIED, seed), Holdout.PEOPLE


def _lacks(snapshot: Snapshot) -> str:
    reached = int((snapshot.goal > 0).sum())
    if len(snapshot) < _FEWEST:
        return f"there are {len(snapshot)} people, and it takes {_FEWEST}"
    if min(reached, len(snapshot) - reached) < _FEWEST_REACHED and not snapshot.is_amount:
        return f"{reached} of {len(snapshot)} people reach it, and it takes {_FEWEST_REACHED} who do and who do not"
    if reached < _FEWEST_REACHED:
        return f"{reached} of {len(snapshot)} people bring anything, and it takes {_FEWEST_REACHED}"
    return ""


def _check(now: Snapshot) -> None:
    lacking = _lacks(now)
    if lacking:
        raise UsageError(f"which variables matter for the goal cannot be told: {lacking}; choose a longer horizon")
