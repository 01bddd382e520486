"""Figures that a search of clusters shows, each computed again by another program: scikit-learn, SciPy, plain loops."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, t, ttest_ind
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples

from kohort.definitions.clusters import Method
from kohort.learning.clustering.borders import border_density
from kohort.learning.clustering.candidates import Evaluator
from kohort.learning.clustering.choice import Criteria, Verdict, choose
from kohort.learning.clustering.comparison import Comparison, compare_methods
from kohort.learning.clustering.discovery import discover
from kohort.learning.clustering.elbow import elbow
from kohort.learning.clustering.kmeans import nearest
from kohort.learning.clustering.methods.assigners import Mixture
from kohort.learning.clustering.methods.mixtures import mixture_of
from kohort.learning.clustering.periods import Period, follow
from kohort.learning.clustering.reference import Reference, ReferenceDraws
from kohort.learning.clustering.samples import draw_samples
from kohort.learning.clustering.silhouette import SilhouetteSample
from kohort.learning.features.table import FeatureTable

CENTRES = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
PEOPLE = 900


@cache
def crowd() -> tuple[np.ndarray, np.ndarray]:
    """Three groups that touch, so that hardly any figure is 0 or 1."""
    random = np.random.default_rng(4)
    groups = random.integers(0, 3, PEOPLE)
    return CENTRES[groups] + random.normal(size=(PEOPLE, 2)), groups


@cache
def compared() -> Comparison:
    points, _ = crowd()
    evaluations = [Evaluator(points, bootstraps=5, seed=2).evaluate(k) for k in (2, 3)]
    choice = choose([one.candidate for one in evaluations], None, people=PEOPLE, criteria=Criteria())
    methods = [Method.GAUSSIAN_MIXTURE, Method.AVERAGE]
    return compare_methods(points, evaluations, choice, methods=methods, criteria=Criteria(), refits=5, seed=2)


def test_the_error_of_a_silhouette_is_that_of_a_mean_of_scikit_learns() -> None:
    points, groups = crowd()
    asked = np.random.default_rng(1).permutation(PEOPLE)[:200]
    found = SilhouetteSample(points, asked).score(groups, 3)
    each = silhouette_samples(points, groups)[asked]
    assert found.mean == pytest.approx(each.mean(), abs=1e-9)
    assert found.error == pytest.approx(math.sqrt(sum((one - each.mean()) ** 2 for one in each) / 199 / 200), rel=1e-9)
    assert found.n == 200


def test_the_inertia_of_a_candidate_is_that_of_scikit_learn() -> None:
    points, _ = crowd()
    for k in (2, 3, 4):
        found = Evaluator(points, bootstraps=2, seed=2).evaluate(k).candidate
        theirs = KMeans(k, n_init=20, random_state=0).fit(points).inertia_ / KMeans(1, n_init=1).fit(points).inertia_
        assert found.inertia_share == pytest.approx(theirs, rel=5e-3)


def test_a_gap_and_its_error_are_those_of_the_paper_with_k_means_of_scikit_learn() -> None:
    # Long, so that crowds without groups have one best cut as well.
    points = crowd()[0] * [4.0, 1.0]
    draws = ReferenceDraws(points, draws={Reference.ELLIPSE: 6, Reference.COPULA: 6}, seed=3)

    def share(some: np.ndarray) -> float:
        fitted = KMeans(2, n_init=10, random_state=1).fit(some)
        return float(fitted.inertia_ / ((some - some.mean(axis=0)) ** 2).sum())

    for reference in Reference:
        logs = [math.log(share(one)) for one in draws._draws[reference]]
        found = draws.gap(reference, 2, share(points))
        # Tibshirani, Walther and Hastie 2001, steps 2 and 3: E*(log W) − log W, and sd · √(1 + 1/B). Crowds are fitted
        # from two starts here and from ten there, hence the last hundredth.
        assert found.gap == pytest.approx(np.mean(logs) - math.log(share(points)), abs=0.01)
        spread = math.sqrt(sum((one - np.mean(logs)) ** 2 for one in logs) / 5)
        assert found.error == pytest.approx(spread * math.sqrt(1 + 1 / 6), rel=0.05)
        assert found.tighter == pytest.approx(1 - math.exp(-found.gap))


@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=9))
def test_the_elbow_is_the_point_farthest_from_the_line_between_the_ends(steps: list[float]) -> None:
    # A falling curve that bends once: its steps grow smaller.
    heights = [sum(sorted(steps)[: len(steps) - place]) for place in range(len(steps))]
    ks = range(2, 2 + len(heights))
    first, last = np.array([ks[0], heights[0]]), np.array([ks[-1], heights[-1]])
    scaled = [((k - first[0]) / (last[0] - first[0]), (h - last[1]) / (first[1] - last[1]))
              for k, h in zip(ks, heights, strict=True)]  # fmt: skip
    # The distance of a point to the line x + y = 1 is |x + y − 1| / √2.
    away = [abs(x + y - 1) / math.sqrt(2) for x, y in scaled]
    found = elbow(ks, heights)
    if found is None:
        assert max(away) < 1e-12
    else:
        assert away[found - 2] == pytest.approx(max(away), abs=1e-12)


def test_the_border_density_is_counted_person_by_person() -> None:
    points, groups = crowd()
    found = border_density(points, groups, CENTRES)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        start, end = CENTRES[one], CENTRES[other]
        near = {"start": 0, "border": 0, "end": 0}
        for point, group in zip(points, groups, strict=True):
            if group not in (one, other):
                continue
            along = sum((p - s) * (e - s) for p, s, e in zip(point, start, end, strict=True))
            position = along / sum((e - s) ** 2 for s, e in zip(start, end, strict=True))
            for name, middle in (("start", 0.0), ("border", 0.5), ("end", 1.0)):
                near[name] += abs(position - middle) < 0.1
        assert found[one, other] == found[other, one] == near["border"] / min(near["start"], near["end"])


def test_stability_is_that_of_hennigs_loop_with_k_means_of_scikit_learn() -> None:
    points, _ = crowd()
    found = Evaluator(points, bootstraps=40, seed=2).evaluate(3)
    labels = nearest(points, found.centroids)
    random, similar = np.random.default_rng(9), []
    for _ in range(40):
        drawn = points[random.integers(0, PEOPLE, PEOPLE)]
        again = KMeans(3, n_init=5, random_state=1).fit(drawn).predict(points)
        sets = [set(np.flatnonzero(again == one).tolist()) for one in range(3)]
        row = []
        for cluster in range(3):
            own = set(np.flatnonzero(labels == cluster).tolist())
            row.append(max(len(own & other) / len(own | other) for other in sets))
        similar.append(row)
    assert found.candidate.stability == pytest.approx(np.mean(similar, axis=0), abs=0.015)
    assert found.candidate.stability == pytest.approx(found.similarities.mean(axis=0))
    assert found.candidate.smallest_share == pytest.approx(min((labels == one).sum() for one in range(3)) / PEOPLE)


def test_the_interval_of_a_stability_is_between_the_draws_in_order() -> None:
    points, _ = crowd()
    table = FeatureTable(tuple(map(str, range(PEOPLE))), ("orders", "basket"), points)
    found = discover(table, value=points[:, 0], seed=2, ks=(3,), bootstraps=41)
    scaled = found.preparation.apply(table)
    drawn = Evaluator(scaled, bootstraps=41, seed=2).evaluate(3).similarities
    # Of 41 draws in order the quantiles of 2.5 % and 97.5 % are the second and the last but one.
    expected = sorted((sorted(one)[1], float(np.mean(one)), sorted(one)[-2]) for one in drawn.T.tolist())
    told = sorted((one.stability.low, one.stability.estimate, one.stability.high) for one in found.clusters)
    assert np.array(told) == pytest.approx(np.array(expected))


def test_what_is_told_of_a_mixture_is_that_of_scipys_normal_densities() -> None:
    points, _ = crowd()
    k_means, mixture = compared().clusters[:2]
    evaluated = draw_samples(points, refits=5, seed=2).evaluated

    def densities(one: Mixture) -> np.ndarray:
        covariances = [np.linalg.inv(np.array(root) @ np.array(root).T) for root in one.roots]
        return np.column_stack([
            math.exp(weight) * multivariate_normal(mean, covariance).pdf(evaluated)
            for weight, mean, covariance in zip(one.log_weights, one.means, covariances, strict=True)
        ])  # fmt: skip

    assert isinstance(mixture.assigner, Mixture)
    ours = densities(mixture.assigner)
    row = mixture.result
    assert row.certainty == pytest.approx((ours.max(axis=1) / ours.sum(axis=1)).mean())
    other = densities(mixture_of(evaluated, k_means.assigner.assign(evaluated)))
    gains = np.log(ours.sum(axis=1)) - np.log(other.sum(axis=1))
    if row.better is not None:
        assert row.better.gap == pytest.approx(gains.mean())
        assert row.better.error == pytest.approx(gains.std(ddof=1) / math.sqrt(len(gains)))
    assert k_means.result.holds == (row.better is not None)


def test_a_shift_of_k_means_is_a_difference_of_means_with_the_error_of_welchs_test() -> None:
    random = np.random.default_rng(5)
    far = 3 * CENTRES
    groups = random.integers(0, 3, 2 * PEOPLE)
    before, after = (far[half] + random.normal(size=(PEOPLE, 2)) for half in (groups[:PEOPLE], groups[PEOPLE:]))
    after[groups[PEOPLE:] == 1, 1] += 0.5
    periods = [Period(name, tuple(f"{name}{row}" for row in range(PEOPLE)), points)
               for name, points in (("May", before), ("June", after))]  # fmt: skip
    [found] = follow(
        periods, groups[:PEOPLE], 3, ("orders", "basket"), verdict=Verdict.SEPARATED, seed=0, draws=300
    ).periods
    p_values = {}
    shifts = {(one.kind, one.cluster, one.feature): one for one in found.shifts}
    for cluster in range(3):
        first, second = before[groups[:PEOPLE] == cluster], after[groups[PEOPLE:] == cluster]
        for place, feature in enumerate(("orders", "basket")):
            shift = shifts["centre", cluster, feature]
            spread = first[:, place].std()
            test = ttest_ind(second[:, place], first[:, place], equal_var=False)
            low, high = test.confidence_interval(0.95)
            assert shift.change.estimate == pytest.approx((second - first.mean(axis=0)).mean(axis=0)[place] / spread)
            width = (shift.change.high - shift.change.low) * spread
            assert width == pytest.approx(high - low, rel=0.12)
            p_values[cluster, feature] = shift.p_value
        for place, feature in enumerate(("orders", "basket")):
            wider = shifts["spread", cluster, feature]
            assert wider.change.estimate == pytest.approx(math.log(second[:, place].std() / first[:, place].std()))
    [link] = [one for one in found.shifts if one.kind == "correlation"]
    both = [np.atleast_2d(np.corrcoef(one.T))[0, 1] for one in (before, after)]
    assert link.change.estimate == pytest.approx(both[1] - both[0])
    # Holm by hand: the smallest of all thirteen is the planted one, so its p-value is thirteen times that of its t.
    planted = shifts["centre", 1, "basket"]
    assert len(found.shifts) == 13
    statistic = planted.change.estimate / ((planted.change.high - planted.change.low) / 2 / t.ppf(0.975, 299))
    assert planted.p_value == pytest.approx(13 * 2 * t.sf(statistic, 299), rel=1e-6)
    assert p_values[1, "basket"] == min(one.p_value for one in found.shifts)
