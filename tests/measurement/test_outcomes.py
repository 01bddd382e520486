import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import UsageError
from kohort.measurement.outcomes import measure_outcomes
from kohort.stats.comparisons import Method, holm

PEOPLE = frozenset(f"p{number}" for number in range(12))
GROUP = st.frozensets(st.sampled_from(sorted(PEOPLE)))


def people(*numbers: int) -> frozenset[str]:
    return frozenset(f"p{number}" for number in numbers)


def test_members_are_compared_with_non_members_and_the_base_stands_beside() -> None:
    everyone = people(*range(400))
    members = people(*range(100))
    converted = people(*range(40), *range(100, 160))
    spent = {f"p{number}": 10.0 for number in range(40)}
    [outcome] = measure_outcomes({"vip": members}, everyone=everyone, converted=converted, value=spent)
    assert outcome.members is not None
    assert outcome.others is not None
    assert outcome.comparison is not None
    assert (outcome.members.estimate, outcome.others.estimate, outcome.base.estimate) == (0.4, 0.2, 0.25)
    assert outcome.comparison.difference.estimate == pytest.approx(0.2)
    assert outcome.comparison.lift.estimate == pytest.approx(2.0)
    assert outcome.comparison.method is Method.Z
    assert outcome.comparison.p_value < 0.001
    assert (outcome.value_per_member, outcome.value_per_other) == (4.0, 0.0)
    assert not outcome.small


@given(GROUP, GROUP)
def test_members_and_others_make_up_the_base(members: frozenset[str], converted: frozenset[str]) -> None:
    [outcome] = measure_outcomes({"x": members}, everyone=PEOPLE, converted=converted, value={})
    hits = sum(rate.estimate * rate.n for rate in (outcome.members, outcome.others) if rate)
    assert outcome.base.estimate * outcome.base.n == pytest.approx(hits)
    assert outcome.small
    assert (outcome.comparison is None) == (members in (frozenset(), PEOPLE))


@given(st.lists(GROUP, max_size=5), GROUP)
def test_p_values_are_adjusted_over_all_segments_that_can_be_compared(
    groups: list[frozenset[str]], converted: frozenset[str]
) -> None:
    segments = {str(number): group for number, group in enumerate(groups)}
    outcomes = measure_outcomes(segments, everyone=PEOPLE, converted=converted, value={})
    comparisons = [outcome.comparison for outcome in outcomes if outcome.comparison]
    assert [one.adjusted_p_value for one in comparisons] == holm([one.p_value for one in comparisons]).tolist()


def test_random_segments_are_rarely_called_different() -> None:
    random = np.random.default_rng(4)
    everyone = people(*range(600))
    alarms = 0
    for _ in range(60):
        converted = people(*np.nonzero(random.random(600) < 0.3)[0].tolist())
        segments = {str(one): people(*random.permutation(600)[:100].tolist()) for one in range(8)}
        outcomes = measure_outcomes(segments, everyone=everyone, converted=converted, value={})
        alarms += any(outcome.comparison and outcome.comparison.adjusted_p_value < 0.05 for outcome in outcomes)
    assert alarms <= 8


@pytest.mark.parametrize(
    ("members", "converted", "small"),
    [
        (range(30), range(5), False),
        (range(29), range(5), True),
        (range(30), range(4), True),
        (range(30), range(26), True),
    ],
)
def test_few_people_or_few_conversions_are_said(members: range, converted: range, small: bool) -> None:
    everyone = people(*range(200))
    [outcome] = measure_outcomes({"x": people(*members)}, everyone=everyone, converted=people(*converted), value={})
    assert outcome.small is small


def test_strangers_to_the_split_are_refused_as_members_and_ignored_as_converts() -> None:
    with pytest.raises(UsageError, match=r'"p99".*as of the split'):
        measure_outcomes({"x": people(99)}, everyone=PEOPLE, converted=frozenset(), value={})
    [outcome] = measure_outcomes({"x": people(1)}, everyone=PEOPLE, converted=people(99), value={})
    assert outcome.base.estimate == 0


def test_nobody_at_the_split_is_refused() -> None:
    with pytest.raises(UsageError, match="choose a later split"):
        measure_outcomes({}, everyone=frozenset(), converted=frozenset(), value={})
