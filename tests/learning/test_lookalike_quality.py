"""How good look-alikes are is told from seed members alone; here everybody's truth is known, and must lie within."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from kohort.learning.auc import auc_interval
from kohort.learning.lookalike.hidden import corrected_area, hidden_share, labelled_share
from kohort.learning.lookalike.quality import quality_of_trained
from kohort.learning.lookalike.results import LookalikeQuality
from kohort.learning.lookalike.wording import lookalike_words
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import Examples
from kohort.learning.prediction.judged import Judged
from kohort.learning.prediction.ranking import Ranking
from kohort.learning.prediction.results import PredictionStudy
from kohort.learning.prediction.study import train
from kohort.stats.intervals import Interval
from prediction_people import people_with_chances

PLAIN = Plan(families=("logistic",))


@pytest.mark.parametrize("apart", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
def test_the_truth_lies_within_the_bounds_however_much_people_overlap(apart: float, share: float) -> None:
    random = np.random.default_rng(int(100 * apart + 10 * share))
    area_of_truth, held, covered, estimates = float(norm.cdf(apart / np.sqrt(2))), 0, 0, []
    for draw in range(40):
        members = random.normal(apart, 1, 200)
        alike = random.random(1_500) < share
        others = random.normal(np.where(alike, apart, 0.0), 1)
        hidden = hidden_share(members, others, seed=draw)
        estimates.append(hidden.estimate)
        held += hidden.low <= alike.mean() <= hidden.high
        told = auc_interval(np.concatenate([members, others]), np.arange(1_700) < 200)
        found = corrected_area(told, hidden)
        covered += found.low <= area_of_truth <= found.high
    assert held >= 39
    assert covered >= 38
    if apart == 4.0:
        # Where some scores are only had by people who are alike, the estimate itself is right.
        assert np.mean(estimates) == pytest.approx(share, abs=0.03)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 60), st.randoms(use_true_random=False))
def test_who_is_hidden_pulls_the_area_to_a_half_exactly_as_the_formula_says(
    members: int, unlike: int, copies: int, random: np.random.RandomState
) -> None:
    inside = np.array([random.randint(0, 9) for _ in range(members)], dtype=float)
    outside = np.array([random.randint(0, 9) for _ in range(unlike)], dtype=float)
    hidden = np.tile(inside, copies % 3)
    share = len(hidden) / (len(hidden) + unlike)

    def area(others: np.ndarray) -> float:
        together = np.concatenate([inside, others])
        return auc_interval(together, np.arange(len(together)) < members).estimate

    told = area(np.concatenate([hidden, outside]))
    exact = Interval(share, share, share, unlike)
    assert corrected_area(Interval(told, told, told, 1), exact).estimate == pytest.approx(area(outside))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40), st.sampled_from([0.1, 0.3, 0.5]))
def test_members_above_the_first_others_are_counted_as_by_hand(rows: list[tuple[int, bool]], share: float) -> None:
    chances = np.array([value / 5 for value, _ in rows])
    reached = np.array([inside for _, inside in rows])
    if reached.all() or not reached.any():
        return
    # By hand: others are passed one step of equal chances after another; of a step that goes beyond, its part counts.
    wanted, passed, found = share * (~reached).sum(), 0.0, 0.0
    for value in sorted(set(chances.tolist()), reverse=True):
        here = chances == value
        others = float((here & ~reached).sum())
        if passed > wanted:
            break
        part = 1.0 if passed + others <= wanted else (wanted - passed) / others
        found += part * float((here & reached).sum())
        passed += others
    told = Ranking(Judged(chances, reached)).above_others(np.ones(len(rows), dtype=np.int64), np.array([share]))
    assert told[0] == pytest.approx(found / reached.sum())


def test_nothing_is_known_where_everybody_may_be_alike() -> None:
    area = Interval(0.6, 0.55, 0.65, 9)
    assert corrected_area(area, Interval(0.9, 0.0, 1.0, 9)).high == 1.0
    assert labelled_share(Interval(0.5, 0.0, 1.0, 9), members=10, others=90).high == 1.0


def _judged(examples: Examples, seed: int = 0) -> tuple[PredictionStudy, LookalikeQuality]:
    done = train(examples, replace(PLAIN, seed=seed))
    return done.study, quality_of_trained(done, examples.reached, examples.groups, seed=seed)


def test_a_shuffled_seed_is_as_good_as_lots_and_is_told_so() -> None:
    examples, _ = people_with_chances(3_000, seed=4)
    shuffled = replace(examples, reached=np.random.default_rng(8).permutation(examples.reached))
    study, quality = _judged(shuffled)
    assert quality.area.estimate == pytest.approx(0.5, abs=0.03)
    assert quality.first[1].lift.low < 1 < quality.first[1].lift.high
    words = list(lookalike_words(study, quality))
    assert any("no better than drawing lots" in one.en for one in words)
    assert any("tirage au sort" in one.fr and "Ne l'utilisez pas" in one.fr for one in words)


def test_hidden_people_of_a_seed_drawn_at_random_are_found_through_the_whole_way() -> None:
    everybody, chances = people_with_chances(4_000, base=-4.5, seed=3, strength=3.0)
    random = np.random.default_rng(5)
    alike, labelled = everybody.reached, random.random(4_000) < 0.5
    seed = replace(everybody, reached=alike & labelled)
    study, quality = _judged(seed)
    outside = ~seed.reached
    hidden = float(alike[outside].mean())
    assert hidden <= quality.hidden.high < 4 * hidden
    assert quality.labelled.low <= seed.reached.sum() / alike.sum()
    truth = auc_interval(chances, alike).estimate
    assert quality.area.low < truth < quality.corrected.high
    assert quality.area.high < truth  # taken as unlike, those who are hidden make it look worse than it is
    assert quality.first[1].recall.low > 0.3
    assert study.rule.is_beaten
    said = " ".join(one.en for one in lookalike_words(study, quality))
    assert "It beats the obvious rule, visits alone" in said
    assert "It may be none" in said
