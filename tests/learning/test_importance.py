"""Which variables matter: what is planted is found, what is noise is not, and nothing knows the goal beforehand."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import mutual_info_score, roc_auc_score

from kohort.errors import UsageError
from kohort.learning.auc import auc_interval
from kohort.learning.importance.alone import cross_table, each_alone
from kohort.learning.importance.forest import encoded, grown, permutation_importance, sensitivity, skill
from kohort.learning.importance.information import binned, codes_of, mutual_information
from kohort.learning.importance.ranks import category_and_number, counted, cramers_v
from kohort.learning.importance.redundancy import redundancy_of
from kohort.learning.importance.results import Fault, Holdout, ImportanceStudy, Priority
from kohort.learning.importance.screening import screened
from kohort.learning.importance.study import study_of
from kohort.learning.importance.variables import REST, Numbers, Snapshot, Variable, category_of


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def people(seed: int, count: int = 1_200, *, is_amount: bool = False) -> Snapshot:
    """Return people whose goal rests on visits (twice told), more strongly on a city, and on who has a card."""
    random = chance(seed)
    visits = random.gamma(2.0, 2.0, count)
    city = random.integers(0, 3, count).astype(np.float64)
    card = np.where(random.random(count) < 0.4, random.integers(0, 2, count).astype(np.float64), np.nan)
    wish = 0.5 * visits + np.array([-1.5, 0.0, 1.5])[city.astype(int)] + 2.0 * np.nan_to_num(card) - 2.5
    reached = (random.random(count) < 1 / (1 + np.exp(-wish))).astype(np.float64)
    goal = reached * random.gamma(2.0, 20.0, count) * (1 + np.nan_to_num(card)) if is_amount else reached
    return Snapshot(
        (
            Variable("visits", visits),
            Variable("pages", visits * 3 + random.normal(0, 1.0, count)),
            Variable("city", city, ("Brest", "Lyon", "Nice")),
            Variable("card", card, ("no", "yes")),
            Variable("shoe", random.normal(42, 2, count)),
            Variable("letter", random.integers(0, 12, count).astype(np.float64), tuple("ABCDEFGHIJKL")),
        ),
        goal,
        is_amount,
    )


@pytest.fixture(scope="module")
def study() -> ImportanceStudy:
    return study_of(people(2), people(1), seed=3)


def test_what_is_planted_comes_first_and_what_is_noise_is_set_aside(study: ImportanceStudy) -> None:
    priorities = {one.name: one.priority for one in study.variables}
    assert not study.is_silent
    assert study.holdout is Holdout.TIME
    assert priorities["city"] is Priority.STRATEGIC
    assert priorities["shoe"] is priorities["letter"] is Priority.ASIDE
    assert {priorities["visits"], priorities["pages"]} == {Priority.STRATEGIC, Priority.ACCESSORY}
    assert {one.name for one in study.variables if one.alone.is_connected} == {"visits", "pages", "city", "card"}


def test_a_variable_that_few_have_is_worth_collecting_if_it_matters() -> None:
    random = chance(5)
    known = random.random(2_000) < 0.5
    need = np.where(known, random.integers(0, 2, 2_000).astype(np.float64), np.nan)
    goal = (random.random(2_000) < 0.1 + 0.6 * np.nan_to_num(need)).astype(np.float64)
    noise = Variable("shoe", random.normal(42, 2, 2_000))
    found = study_of(Snapshot((Variable("need", need, ("no", "yes")), noise), goal, is_amount=False), None, seed=1)
    assert found.holdout is Holdout.PEOPLE
    assert {one.name: one.priority for one in found.variables} == {"need": Priority.COLLECT, "shoe": Priority.ASIDE}
    assert found.variables[0].availability == pytest.approx(0.5, abs=0.04)


def test_variables_that_say_the_same_are_one_cluster_and_weighed_together(study: ImportanceStudy) -> None:
    found = {one.name: one for one in study.variables}
    assert found["visits"].same == ("pages",)
    assert found["pages"].importance_together == found["visits"].importance_together
    assert found["visits"].importance_together.estimate > found["visits"].importance.estimate
    assert [one.is_leading for one in (found["visits"], found["pages"])].count(True) == 1


def test_the_goal_moves_as_it_was_planted(study: ImportanceStudy) -> None:
    found = {one.name: one for one in study.variables}
    city = {step.category: step.goal for step in found["city"].sensitivity}
    assert city["Brest"].high < city["Lyon"].low
    assert city["Lyon"].high < city["Nice"].low
    steps = found["visits"].sensitivity
    assert steps[-1].goal.estimate > steps[0].goal.estimate
    assert all(step.goal.low <= step.goal.estimate <= step.goal.high for step in steps)


def test_amounts_are_told_as_conversions_are() -> None:
    found = study_of(people(2, is_amount=True), people(1, is_amount=True), seed=3)
    assert not found.is_silent
    assert {one.name for one in found.variables if one.priority is Priority.ASIDE} == {"shoe", "letter"}
    assert found.goal.estimate == pytest.approx(people(2, is_amount=True).goal.mean())


@pytest.mark.parametrize("is_amount", [False, True])
def test_of_a_goal_that_nothing_tells_no_variable_is_called_important(*, is_amount: bool) -> None:
    now, before = (people(seed, 600, is_amount=is_amount) for seed in (2, 1))
    shuffled = [Snapshot(one.variables, chance(7).permutation(one.goal), is_amount) for one in (now, before)]
    found = study_of(shuffled[0], shuffled[1], seed=3)
    assert found.is_silent
    assert {one.priority for one in found.variables} == {Priority.ASIDE}


def test_false_discoveries_keep_their_rate() -> None:
    """Of a hundred studies in which nothing is connected, about five in a hundred call anything connected."""
    wrong = 0
    for seed in range(100):
        random = chance(seed)
        variables = tuple(Variable(f"v{number}", random.normal(size=150)) for number in range(8))
        goal = (random.random(150) < 0.4).astype(np.float64)
        wrong += any(one.is_connected for one in each_alone(Snapshot(variables, goal, is_amount=False), seed=seed))
    assert wrong <= 12


def test_the_future_of_people_changes_nothing_of_what_the_forest_learnt() -> None:
    """The forest learns from before alone: with another goal of now the forest is the same, its skill is not."""
    before, now = people(1, 400), people(2, 400)
    first = study_of(now, before, seed=3)
    other = study_of(Snapshot(now.variables, chance(9).permutation(now.goal), is_amount=False), before, seed=3)
    assert {one.name: one.impurity for one in first.variables} == {one.name: one.impurity for one in other.variables}
    assert first.skill != other.skill


def leaking(goal: Numbers) -> dict[str, Variable]:
    return {
        "a copy": Variable("refund", goal.copy()),
        "its opposite": Variable("refund", -goal),
        "a category": Variable("status", goal.copy(), ("open", "closed")),
        "that it is known": Variable("invoice", np.where(goal > 0, chance(1).normal(size=len(goal)), np.nan)),
        "known of nobody else": Variable("reason", np.where(goal > 0, 1.0, np.nan), ("none", "price")),
    }


@pytest.mark.parametrize("name", sorted(leaking(np.tile([0.0, 1.0], 3))))
def test_what_knows_the_goal_already_is_named_and_left_out(name: str) -> None:
    now = people(2)
    leak = leaking(now.goal)[name]
    kept, out = screened(Snapshot((*now.variables, leak), now.goal, is_amount=False))
    assert [(one.name, one.fault) for one in out] == [(leak.name, Fault.LEAKING)]
    assert [one.name for one in kept.variables] == [one.name for one in now.variables]


def test_an_amount_that_is_known_already_is_left_out() -> None:
    now = people(2, is_amount=True)
    copy = Variable("invoiced", now.goal * 1.2)
    assert [one.fault for one in screened(Snapshot((*now.variables, copy), now.goal, is_amount=True))[1]] == [
        Fault.LEAKING
    ]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (np.ones(1_200), Fault.CONSTANT),
        (np.where(np.arange(1_200) < 3, 1.0, 0.0), Fault.CONSTANT),
        (np.where(np.arange(1_200) < 5, np.arange(1_200), np.nan), Fault.UNKNOWN),
    ],
)
def test_what_hardly_varies_or_is_hardly_known_is_left_out(values: Numbers, fault: Fault) -> None:
    now = people(2)
    found = screened(Snapshot((*now.variables, Variable("odd", values)), now.goal, is_amount=False))[1]
    assert [(one.name, one.fault) for one in found] == [("odd", fault)]


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda one: one.of(np.arange(50)), "50 people"),
        (lambda one: Snapshot(one.variables, np.zeros(len(one)), is_amount=False), "0 of 1200 people reach it"),
        (lambda one: Snapshot(one.variables, np.ones(len(one)), is_amount=False), "1200 of 1200 people reach it"),
        (lambda one: Snapshot(one.variables, np.zeros(len(one)), is_amount=True), "bring anything"),
        (lambda one: one.only([]), "no variable is left"),
    ],
)
def test_too_little_to_learn_from_is_said(spoilt: Callable[[Snapshot], Snapshot], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        study_of(spoilt(people(2)), None, seed=1)


def test_a_goal_is_a_conversion_or_an_amount() -> None:
    with pytest.raises(UsageError, match="0 or 1"):
        Snapshot((), np.array([0.5]), is_amount=False)
    with pytest.raises(UsageError, match="from 0 on"):
        Snapshot((), np.array([-1.0]), is_amount=True)
    with pytest.raises(UsageError, match="twice"):
        Snapshot((Variable("a", np.ones(1)), Variable("a", np.ones(1))), np.ones(1), is_amount=False)
    with pytest.raises(UsageError, match="not of the 1 people"):
        Snapshot((Variable("a", np.ones(2)),), np.ones(1), is_amount=False)


def test_rare_categories_become_one_and_names_of_people_are_none() -> None:
    texts = [f"city {number % 40}" for number in range(400)] + ["city 1"] * 50
    found = category_of("city", texts, most=5)
    assert found is not None
    assert found.categories is not None
    assert (found.categories[0], found.categories[-1], len(found.categories)) == ("city 1", REST, 5)
    assert (found.values == 4).sum() == sum(text not in set(found.categories) for text in texts)
    assert category_of("name", [f"person {number}" for number in range(100)]) is None


values = st.lists(st.integers(0, 6), min_size=4, max_size=60)


@given(data=st.data(), numbers=values)
def test_areas_are_those_of_scikit_learn_and_by_hand(data: st.DataObject, numbers: list[int]) -> None:
    reached = data.draw(st.lists(st.booleans(), min_size=len(numbers), max_size=len(numbers)))
    reached[:2] = [True, False]
    found = auc_interval(np.array(numbers, dtype=float), np.array(reached))
    inside, outside = ([a for a, one in zip(numbers, reached, strict=True) if one is kind] for kind in (True, False))
    pairs = list(product(inside, outside))
    slow = sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs)
    assert found.estimate == pytest.approx(slow)
    assert found.estimate == pytest.approx(roc_auc_score(reached, numbers))
    assert found.low <= found.estimate <= found.high


@given(one=values, seed=st.integers(0, 9))
def test_information_is_that_of_scikit_learn_but_for_its_bias(one: list[int], seed: int) -> None:
    numbers = np.array(one, dtype=float)
    goal = chance(seed).integers(0, 2, len(one)).astype(np.float64)
    variable = Variable("v", numbers, tuple(map(str, range(7))))
    bits, told = mutual_information(variable, goal)
    raw = mutual_info_score(codes_of(variable), binned(goal)) / np.log(2)
    cells = counted(codes_of(variable), binned(goal))
    bias = ((cells > 0).sum() - cells.shape[0] - cells.shape[1] + 1) / (2 * len(one) * np.log(2))
    assert bits == pytest.approx(max(0.0, raw - bias))
    assert 0 <= told <= 1


@given(one=values, seed=st.integers(0, 9))
def test_a_cross_table_counts_everybody_once(one: list[int], seed: int) -> None:
    numbers = np.where(chance(seed).random(len(one)) < 0.2, np.nan, np.array(one, dtype=float))
    goal = chance(seed + 100).integers(0, 2, len(one)).astype(np.float64)
    for categories in (None, tuple(map(str, range(7)))):
        cells = cross_table(Variable("v", numbers, categories), Snapshot((), goal, is_amount=False))
        assert sum(cell.people for cell in cells) == len(one)
        assert sum(cell.people * cell.goal.estimate for cell in cells) == pytest.approx(goal.sum())
        lows = [cell.low for cell in cells if cell.low is not None]
        assert lows == sorted(lows)


def test_associations_are_spearmans_and_cramers() -> None:
    random = chance(4)
    one, other = random.normal(size=300), random.normal(size=300)
    other += one
    found = redundancy_of((Variable("a", one), Variable("b", other)))
    assert found.associations[0, 1] == pytest.approx(spearmanr(one, other).statistic)
    assert cramers_v(np.array([[30, 0, 0], [0, 30, 0]])) == pytest.approx(1.0, abs=0.02)
    independent = np.outer([40, 60], [30, 30, 40])
    assert cramers_v(independent) == 0.0


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1_000))
def test_epsilon_knows_what_groups_tell_of_a_number(seed: int) -> None:
    random = chance(seed)
    codes = random.integers(0, 4, 400).astype(np.float64)
    alone = category_and_number(codes, random.normal(size=400), seed=seed)
    told = category_and_number(codes, codes * 10 + random.normal(size=400), seed=seed)
    assert alone is not None
    assert told is not None
    assert alone.strength.estimate < 0.25
    assert told.strength.estimate > 0.9
    assert told.strength.low <= told.strength.estimate <= told.strength.high


def test_exchanging_values_by_hand_says_the_same() -> None:
    """The importance of one variable, computed with the rows in plain sight."""
    before, now = people(1, 500), people(2, 300)
    forest = grown(before, seed=1, trees=20)
    [found] = permutation_importance(forest, now, [("city",)], seed=5)
    rows, places = encoded(now)
    random, lost = chance(5), []
    for _ in range(5):
        order, changed = random.permutation(300), rows.copy()
        for person, donor in enumerate(order):
            for place in places["city"]:
                changed[person, place] = rows[donor, place]
        lost.append(((now.goal - forest.predicted(changed)) ** 2 - (now.goal - forest.predicted(rows)) ** 2).mean())
    plain = ((now.goal - before.goal.mean()) ** 2).mean()
    assert found.estimate == pytest.approx(np.mean(lost) / plain)
    error = ((now.goal - forest.predicted(rows)) ** 2).mean()
    assert skill(forest, now).estimate == pytest.approx(1 - error / plain)


def test_local_effects_do_not_speak_of_people_who_are_not_there() -> None:
    """Where the goal rests on one of two variables that go together, the other moves nothing."""
    random = chance(8)
    cause = random.normal(size=2_000)
    shadow = cause + random.normal(0, 0.1, 2_000)
    both = Snapshot(
        (Variable("cause", cause), Variable("noise", random.normal(size=2_000)), Variable("shadow", shadow)),
        np.maximum(0.0, cause + 3),
        is_amount=True,
    )
    forest = grown(both, seed=1)
    spans = {
        name: max(step.goal.estimate for step in found) - min(step.goal.estimate for step in found)
        for name in ("cause", "noise", "shadow")
        if (found := sensitivity(forest, both, name))
    }
    assert spans["noise"] < 0.1 * spans["cause"]
    assert spans["cause"] + spans["shadow"] == pytest.approx(np.ptp(np.log1p(both.goal)), rel=0.35)
