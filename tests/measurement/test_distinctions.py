"""What sets a group apart is told with the right sign, an interval around it, and a lift that is true of everybody."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.measurement.distinctions import Distinction, Kind, compare_means, compare_shares, most_distinctive
from kohort.measurement.worth import worth_of
from kohort.stats.effects import cohens_h, hedges_g, hedges_g_of
from kohort.stats.intervals import mean_interval, ratio_of_means
from kohort.stats.summaries import Summary

counts = st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
summaries = st.builds(Summary, st.integers(2, 500), st.floats(0.5, 100), st.floats(0.1, 50))


def share(members: tuple[int, int], others: tuple[int, int]) -> Distinction:
    found = compare_shares(Kind.EVENT, "visit", "", members, others)
    assert found is not None
    return found


@given(counts, counts)
def test_a_lift_of_shares_is_the_members_over_everybody(members: tuple[int, int], others: tuple[int, int]) -> None:
    found = share(members, others)
    if found.lift is None:
        assert members[0] + others[0] == 0
        return
    assert found.lift.low <= found.lift.estimate <= found.lift.high
    whole = members[0] > 0 and others[0] > 0 and (members[0], others[0]) != (members[1], others[1])
    if whole:
        assert found.lift.estimate == pytest.approx(found.members.estimate / found.everybody)


@given(summaries, summaries)
def test_a_lift_of_means_is_the_members_over_everybody(members: Summary, others: Summary) -> None:
    found = compare_means("spent", members, others)
    assert found is not None
    assert found.lift is not None
    assert found.lift.estimate == pytest.approx(members.mean / found.everybody)
    assert found.lift.low <= found.lift.estimate <= found.lift.high


@given(counts, counts)
def test_exchanging_the_sides_turns_an_effect_around(members: tuple[int, int], others: tuple[int, int]) -> None:
    one, other = cohens_h(*members, *others), cohens_h(*others, *members)
    assert one.estimate == pytest.approx(-other.estimate)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_an_effect_of_summaries_is_that_of_the_values() -> None:
    random = np.random.default_rng(7)
    inside, outside = random.normal(3, 1, 40), random.normal(2, 2, 70)
    assert hedges_g(inside, outside) == hedges_g_of(Summary.of(inside), Summary.of(outside))


def test_intervals_of_means_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(11)
    held = ratios = 0
    for _ in range(2_000):
        found = mean_interval(Summary.of(random.exponential(2.0, 200)))
        held += found.low <= 2.0 <= found.high
        ratio = ratio_of_means(Summary.of(random.exponential(3.0, 200)), Summary.of(random.exponential(1.5, 400)))
        assert ratio is not None
        ratios += ratio.low <= 2.0 <= ratio.high
    assert 0.93 < held / 2_000 < 0.97
    assert 0.93 < ratios / 2_000 < 0.97


def test_a_ratio_of_what_may_be_below_zero_says_nothing() -> None:
    assert ratio_of_means(Summary(9, -1.0, 1.0), Summary(9, 2.0, 1.0)) is None


def test_the_clear_and_large_come_first() -> None:
    large, small, unclear = share((90, 100), (10, 100)), share((60, 100), (40, 100)), share((2, 3), (1, 3))
    assert most_distinctive([unclear, None, small, large]) == (large, small, unclear)
    assert [one.is_clear for one in (large, small, unclear)] == [True, True, False]


def test_nothing_is_compared_with_nobody() -> None:
    assert compare_shares(Kind.EVENT, "visit", "", (0, 0), (1, 2)) is None
    assert compare_means("spent", Summary(1, 2.0, 0.0), Summary(5, 2.0, 1.0)) is None
    assert compare_means("spent", Summary(5, 2.0, 0.0), Summary(5, 3.0, 0.0)) is None, "no spread, no effect size"


def test_worth_is_exact_and_says_how_sure_it_is() -> None:
    found = worth_of(np.array([10, 30, 5, 5, 0]), np.array([True, True, False, False, False]))
    assert (found.members, found.people, found.revenue, found.revenue_of_all, found.share) == (2, 5, 40, 50, 0.8)
    assert found.per_member is not None
    assert found.per_other is not None
    assert found.per_member.estimate == 20.0
    assert found.per_other.estimate == pytest.approx(10 / 3)
    nobody = worth_of(np.zeros(3, np.int64), np.zeros(3, np.bool_))
    assert (nobody.share, nobody.per_member, nobody.ratio) == (None, None, None)
