"""How many outside a seed are like its members, which no label says: learning from positive and unlabelled examples.

Everything here takes the members for drawn at random of all who are like them ("selected completely at random", Elkan
and Noto 2008, KDD, section 2): then whoever is alike outside has scores as the members have.
"""

from typing import Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.prediction.judged import Chances
from kohort.stats.intervals import Interval, wilson_interval

_FEWEST: Final = 2
_SLACK: Final = 0.01
_DOUBT: Final = 0.1
_ALL: Final = 1e-12
"""What is left of the others where all may be alike: then any area is possible."""
_EACH: Final = 0.975
"""The confidence of each of two proportions whose quotient then has 95 % (Bonferroni)."""


def hidden_share(members: Chances, others: Chances, *, seed: int) -> Interval:
    """Return which share of the `others` is like the members, by what a model said of both without knowing them.

    Of those above any score, the share among the others is at least what those who are alike bring: so the share above
    it among the others, divided by that among the members, is never too small. The score whose quotient is least, with
    room for chance, is taken (Garg et al. 2021, NeurIPS, "Mixture proportion estimation and PU learning", algorithm 1:
    best bin estimation). It is looked for in each half and its quotient told by the other; both are told together.

    `high` is an upper bound whatever the others are. The `estimate` is right where some scores are only had by people
    who are alike (irreducibility: Blanchard, Lee and Scott 2010, JMLR 11:2973), and too great otherwise. `low` is 0:
    that all others are unlike, and some of them only look as the members do, fits the same data. Arguments have the
    shapes (members,) and (others,). Raises UsageError for fewer than two of either.

    >>> random = np.random.default_rng(0)
    >>> members, alike, unlike = random.normal(4, 1, 2_000), random.normal(4, 1, 1_000), random.normal(0, 1, 4_000)
    >>> found = hidden_share(members, np.concatenate([alike, unlike]), seed=0)
    >>> 0.19 < found.estimate < 0.22 < found.high < 0.25
    True
    """
    if min(len(members), len(others)) < _FEWEST:
        raise UsageError(f"a share is told by two of each; got {len(members)} members and {len(others)} others")
    random = np.random.default_rng(seed)
    halves = [_halves(scores, random) for scores in (members, others)]
    best = [_best_score(*half) for half in zip(*halves, strict=True)]
    above = [np.concatenate([one[1] >= best[0], one[0] >= best[1]]) for one in halves]
    estimate, high = _quotient(*above)
    return Interval(min(1.0, estimate), 0.0, min(1.0, high), len(others))


def labelled_share(hidden: Interval, members: int, others: int) -> Interval:
    """Return which share of all who are alike the seed holds (Elkan and Noto's c), by which share is hidden.

    >>> labelled_share(Interval(0.1, 0.05, 0.2, 900), members=100, others=1000)
    Interval(estimate=0.5, low=0.333..., high=0.666..., n=1100)
    """
    estimate, low, high = (members / (members + share * others) for share in (hidden.estimate, hidden.high, hidden.low))
    return Interval(estimate, low, high, members + others)


def corrected_area(area: Interval, hidden: Interval) -> Interval:
    """Return the area under the ROC curve against who is unlike, from the `area` against all others.

    Of the others the hidden share p is no worse than the members: area = (1 - p) · corrected + p / 2 (Menon et al.
    2015, ICML, corollary 3; Jain, White and Radivojac 2017, AAAI, equation 5). The ends are those of both intervals
    together, so that it holds at least as surely as both do.

    >>> corrected_area(Interval(0.7, 0.7, 0.7, 9), Interval(0.2, 0.0, 0.2, 9))
    Interval(estimate=0.74..., low=0.7, high=0.74..., n=9)
    """

    def corrected(told: float, share: float) -> float:
        return min(1.0, max(0.0, (told - share / 2) / max(1 - share, _ALL)))

    lows, highs = ([corrected(told, share) for share in (hidden.low, hidden.high)] for told in (area.low, area.high))
    return Interval(corrected(area.estimate, hidden.estimate), min(lows), max(highs), area.n)


def _halves(scores: Chances, random: np.random.Generator) -> tuple[Chances, Chances]:
    mixed = random.permutation(scores)
    return mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]


def _best_score(members: Chances, others: Chances) -> float:
    """Return the score above which the quotient of both shares is least, with room for what chance brings."""
    scores = np.unique(members)
    above = [1 - np.searchsorted(np.sort(one), scores, side="left") / len(one) for one in (members, others)]
    room = sum(np.sqrt(np.log(4 / _DOUBT) / (2 * len(one))) for one in (members, others))
    bounds = (above[1] + (1 + _SLACK) * room) / above[0]
    return float(scores[int(np.argmin(bounds))])


def _quotient(members: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Return the share of the others above a score over that of the members, and its upper end; 1 where nobody is."""
    hits, among = int(members.sum()), int(others.sum())
    if not hits:
        return 1.0, 1.0
    of_members = wilson_interval(hits, len(members), confidence=_EACH)
    of_others = wilson_interval(among, len(others), confidence=_EACH)
    return of_others.estimate / of_members.estimate, of_others.high / of_members.low
