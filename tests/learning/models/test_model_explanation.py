"""Contributions add up to the score, are Shapley's, share what features that say the same bring, and name no cause."""

import math
import re
import warnings
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from fitted_models import ALL, NAMES, TAKE_MISSING, boosted_by_xgboost, fitted, people
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from kohort.errors import UsageError
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.models import explanation
from kohort.learning.models.conversion.convert import plain_model
from kohort.learning.models.explanation.contributions import Contributions, Unit, contributions, names_unit
from kohort.learning.models.explanation.sampled import local_model, sampled_contributions
from kohort.learning.models.explanation.summaries import global_weights, groups_of, segment_weights
from kohort.learning.models.explanation.tree_shapley import shapley_of, shares_of
from kohort.learning.models.explanation.wording import READ_SO, person_words, weight_words
from kohort.learning.models.plain import Kernel, Linear, Link, OddsSigmoid, Part, PlainModel, calibrated_by
from kohort.learning.models.scoring import margins, prepared, scores
from kohort.learning.models.trees import LEAF, Trees

EXACT = [name for name in ALL if name not in {"network", "network of tanh", "machine", "chosen"}]
COLUMNS = 4


def model_called(name: str) -> PlainModel:
    estimator = boosted_by_xgboost() if name == "xgboost" else fitted(name)
    missing = name in TAKE_MISSING or name == "xgboost"
    background = people()[0] if missing else np.nan_to_num(people()[0])
    return plain_model(estimator, NAMES, background=background)


def asked(model: PlainModel) -> np.ndarray:
    values = people(60, seed=8)[0]
    return values if model.missing else np.nan_to_num(values)


@pytest.mark.parametrize("name", [*EXACT, "xgboost"])
@pytest.mark.parametrize("unit", Unit)
def test_contributions_add_up(name: str, unit: Unit) -> None:
    model = model_called(name)
    values = asked(model)
    found = contributions(model, values, unit=unit)
    expected = scores(model, values)
    if unit is Unit.MARGIN:
        expected = np.mean([margins(part, prepared(part, values)) for part in model.parts], axis=0)
    assert np.abs(found.total - expected).max() <= 1e-6
    assert found.groups == tuple((one,) for one in NAMES)
    assert np.abs(found.brought).max() > 0.01


@st.composite
def small_trees(draw: st.DrawFn) -> Trees:
    """Draw a tree or two over four columns: features come back on a path, and a branch may have had nobody."""
    rows: list[list[float]] = []

    def grow(depth: int, weight: int) -> int:
        here = len(rows)
        rows.append([LEAF, 0.0, 0, 0, 0, draw(st.integers(-5, 5)), weight])
        if depth < 4 and draw(st.booleans()):
            to_left = draw(st.integers(0, weight))
            feature, cut, missing = draw(st.integers(0, COLUMNS - 1)), draw(st.integers(-2, 2)), draw(st.booleans())
            left, right = grow(depth + 1, to_left), grow(depth + 1, weight - to_left)
            rows[here] = [feature, cut, left, right, missing, 0.0, weight]
        return here

    roots = [grow(0, draw(st.integers(0, 6))) for _ in range(draw(st.integers(1, 2)))]
    feature, cut, left, right, missing, value, weight = np.array(rows).T
    return Trees(
        np.array(roots), feature, cut, left, right, missing != 0, value, weight, COLUMNS, base=0.5, divisor=2.0
    )


def told(trees: Trees, x: np.ndarray, known: frozenset[int]) -> float:
    """Return what trees say of somebody of whom only some features are `known`, slowly and obviously."""
    shares = shares_of(trees)

    def of(node: int) -> float:
        feature = int(trees.feature[node])
        if feature == LEAF:
            return float(trees.value[node])
        left, right = int(trees.left[node]), int(trees.right[node])
        if feature not in known:
            return float(shares[left]) * of(left) + float(shares[right]) * of(right)
        missing = bool(np.isnan(x[feature]))
        to_left = bool(trees.missing_left[node]) if missing else x[feature] <= trees.threshold[node]
        return of(left if to_left else right)

    return (trees.base + sum(of(root) for root in trees.roots.tolist())) / trees.divisor


def shapley(trees: Trees, x: np.ndarray) -> list[float]:
    """Return Shapley values by their formula (Shapley 1953): over all sets of the other features."""
    found = []
    for feature in range(COLUMNS):
        others = [one for one in range(COLUMNS) if one != feature]
        total = 0.0
        for size in range(COLUMNS):
            weight = math.factorial(size) * math.factorial(COLUMNS - size - 1) / math.factorial(COLUMNS)
            for chosen in combinations(others, size):
                known = frozenset(chosen)
                total += weight * (told(trees, x, known | {feature}) - told(trees, x, known))
        found.append(total)
    return found


@given(small_trees(), st.lists(st.integers(-3, 3) | st.just(math.nan), min_size=COLUMNS, max_size=COLUMNS))
def test_trees_are_explained_as_shapley_says(trees: Trees, person: list[float]) -> None:
    x = np.array(person, dtype=np.float64)
    base, brought = shapley_of(trees, x[None])
    assert base == pytest.approx(told(trees, x, frozenset()), abs=1e-9)
    assert brought[0].tolist() == pytest.approx(shapley(trees, x), abs=1e-9)


@pytest.mark.parametrize("name", ["forest", "gradient", "lightgbm", "histogram"])
def test_trees_are_explained_as_the_library_of_shapley_values_does(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shap = pytest.importorskip("shap")
        model = model_called(name)
        values = asked(model)
        found = shap.TreeExplainer(fitted(name), feature_perturbation="tree_path_dependent").shap_values(values)
    expected = found[..., 1] if np.ndim(found) == 3 else found
    brought = contributions(model, values, unit=Unit.MARGIN).brought
    assert np.abs(brought - expected).max() <= 1e-9


def test_lightgbm_itself_explains_alike() -> None:
    model = model_called("lightgbm")
    values = asked(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = fitted("lightgbm").predict(values, pred_contrib=True)
    found = contributions(model, values, unit=Unit.MARGIN)
    assert np.abs(np.column_stack([found.brought, np.full(len(values), found.base)]) - expected).max() <= 1e-9


def test_a_linear_model_is_compared_with_the_mean_person() -> None:
    model = model_called("logistic")
    background = np.nan_to_num(people()[0])
    found = contributions(model, background.mean(axis=0)[None], unit=Unit.MARGIN)
    assert found.brought.tolist() == pytest.approx(np.zeros((1, 4)), abs=1e-12)
    bare = plain_model(fitted("logistic"), NAMES)
    with pytest.raises(UsageError, match="does not say whom it compares with"):
        contributions(bare, background)


def test_at_the_base_itself_contributions_are_of_the_slope_there() -> None:
    model = PlainModel(("a", "b"), (Part(Linear(np.ones(2), 0.0, np.zeros(2)), Link.LOGIT),))
    found = contributions(model, [[2.0, -2.0]])
    assert found.total.tolist() == [0.5]
    assert found.brought[0].tolist() == pytest.approx([0.5, -0.5], abs=1e-9)


def test_levels_of_a_text_are_read_as_one_feature() -> None:
    values, labels = people(300)
    cities = tuple(np.random.default_rng(1).choice(["Lyon", "Nice", "Brest"], 300).tolist())
    table = FeatureTable(tuple(map(str, range(300))), NAMES, values, {"city": cities})
    preparation = fit_preparation(table)
    points = preparation.apply(table)
    forest = RandomForestClassifier(5, max_depth=4, random_state=0).fit(points, labels)
    model = calibrated_by(plain_model(forest, preparation.names, preparation=preparation), OddsSigmoid(0.9, 0.1, 1e-6))
    found = contributions(model, points)
    assert found.groups == (*((one,) for one in NAMES), ("city",))
    assert found.total == pytest.approx(scores(model, points), abs=1e-9)
    asked_model = sampled_contributions(model, points[:2], points, seed=0, rounds=3)
    assert asked_model.groups == found.groups
    assert asked_model.total == pytest.approx(scores(model, points[:2]), abs=1e-9)


def test_two_copies_of_a_feature_share_and_are_told_as_one_group() -> None:
    values, labels = np.nan_to_num(people(500)[0]), people(500)[1]
    twice = np.column_stack([values, values[:, 0]])
    names = (*NAMES, "orders again")
    model = plain_model(
        RandomForestClassifier(30, max_depth=4, max_features=1, random_state=0).fit(twice, labels), names
    )
    found = contributions(model, twice)
    shares = {one.group: one.brought.estimate for one in global_weights(found)}
    copies = [shares[("orders",)], shares[("orders again",)]]
    assert min(copies) > 0.3 * sum(copies)
    table = FeatureTable(tuple(map(str, range(500))), names, twice)
    groups = groups_of(table, names, seed=0)
    assert groups == (("orders", "orders again"), ("days",), ("basket",), ("visits",))
    together = found.grouped(groups)
    assert together.total == pytest.approx(found.total)
    first = global_weights(together)[0]
    assert first.group == ("orders", "orders again")
    assert first.brought.estimate > max(copies)


@given(st.integers(0, 10_000))
def test_sampled_contributions_add_up_for_any_model(seed: int) -> None:
    model = plain_model(fitted("machine"), NAMES)
    values = np.nan_to_num(people(3, seed=9)[0])
    found = sampled_contributions(model, values, np.nan_to_num(people()[0]), seed=seed, rounds=2)
    assert found.total == pytest.approx(scores(model, values), abs=1e-12)


@pytest.mark.slow
def test_sampled_contributions_come_near_those_of_all_orders() -> None:
    model = plain_model(fitted("machine"), NAMES)
    values = np.nan_to_num(people(3, seed=9)[0])
    nobody = np.zeros((1, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shap = pytest.importorskip("shap")
        exact = shap.explainers.Exact(lambda rows: scores(model, rows), nobody)(values).values
    found = sampled_contributions(model, values, nobody, seed=0, rounds=100)
    assert np.abs(found.brought - exact).max() <= 0.01


def test_sampled_contributions_are_exact_where_features_only_add_up() -> None:
    line = PlainModel(NAMES, (Part(Linear(np.array([1.0, -2.0, 0.5, 0.0]), 3.0), Link.IDENTITY),))
    values = np.nan_to_num(people(5, seed=9)[0])
    found = sampled_contributions(line, values, np.zeros((1, 4)), seed=0, rounds=1)
    assert found.brought == pytest.approx(values * [1.0, -2.0, 0.5, 0.0], abs=1e-12)


def test_a_local_model_finds_what_adds_up_and_says_where_it_does_not() -> None:
    line = PlainModel(NAMES, (Part(Linear(np.array([1.0, -2.0, 0.5, 0.0]), 3.0), Link.IDENTITY),))
    person, nobody = np.array([1.0, 1.0, 2.0, 5.0]), np.zeros((1, 4))
    found = local_model(line, person, nobody, seed=0)
    assert found.brought == pytest.approx([1.0, -2.0, 1.0, 0.0], abs=1e-3)
    assert found.fidelity == pytest.approx(1.0, abs=1e-6)
    bump = PlainModel(NAMES, (Part(Kernel(person[None], np.ones(1), 0.0, 2.0), Link.IDENTITY),))
    assert local_model(bump, person, nobody, seed=0).fidelity < 0.9


def test_a_segment_has_means_with_intervals() -> None:
    found = Contributions((("a",), ("b",)), 0.5, np.array([[0.1, -0.4], [0.3, -0.2], [9.0, 9.0]]), Unit.SCORE)
    first, second = segment_weights(found, np.array([True, True, False]))
    assert (first.group, round(first.brought.estimate, 9)) == (("b",), -0.3)
    assert second.brought.low < 0.2 < second.brought.high
    with pytest.raises(UsageError, match="of 1 people is not of the 3"):
        segment_weights(found, np.array([True]))
    with pytest.raises(UsageError, match="nobody"):
        segment_weights(found, np.array([False] * 3))


def test_groups_hold_each_feature_once() -> None:
    found = Contributions((("a",), ("b",)), 0.5, np.zeros((1, 2)), Unit.SCORE)
    for groups in ([("a",)], [("a", "b"), ("a",)], [("a", "c")]):
        with pytest.raises(UsageError, match="twice or not at all"):
            found.grouped(groups)
    pair = replace(found, groups=(("a", "b"), ("c",)))
    with pytest.raises(UsageError, match="part 'a' from what is read as one with it"):
        pair.grouped([("a",), ("b", "c")])


def test_what_has_no_exact_contributions_says_what_to_ask_for() -> None:
    with pytest.raises(UsageError, match="ask for sampled ones"):
        contributions(plain_model(fitted("machine"), NAMES), np.zeros((1, 4)))


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("forest", Unit.MARGIN, "points"),
        ("gradient", Unit.MARGIN, "log-odds"),
        ("gradient", Unit.SCORE, "points"),
    ],
)
def test_the_unit_is_told(name: str, unit: Unit, expected: str) -> None:
    assert names_unit(plain_model(fitted(name), NAMES), unit) == expected


CAUSES = re.compile(
    r"\b(because|cause[sd]?|due to|leads? to|drives?|driven|driver|makes|results? in|impact|effect|influence[sd]?"
    r"|parce que|à cause|grâce à|entraîne|explique|conduit|influence|impact|effet|pousse|fait (?:monter|baisser))\b",
    re.IGNORECASE,
)


def test_no_sentence_names_a_cause() -> None:
    found = Contributions((("orders", "lines"), ("days",)), 0.2, np.array([[0.3, -0.05]]), Unit.SCORE)
    told_words = [
        READ_SO,
        *person_words(found, 0, probability=True),
        *person_words(found, 0, probability=False),
        *(weight_words(one, probability=True) for one in global_weights(found)),
        *(weight_words(one, probability=False) for one in segment_weights(found, np.array([True]))),
    ]
    for one in told_words:
        assert not CAUSES.search(one.en), one.en
        assert not CAUSES.search(one.fr), one.fr
    source = (Path(explanation.__file__).parent / "wording.py").read_text(encoding="utf-8")
    written = re.findall(r'f?"([^"\n]+)"', re.sub(r'""".*?"""', "", source, flags=re.DOTALL))
    assert written
    assert [one for one in written if CAUSES.search(one)] == []


def test_a_person_is_told_in_both_languages() -> None:
    found = Contributions((("commandes", "lignes"), ("jours",)), 0.2, np.array([[0.3, -0.05]]), Unit.SCORE)
    french = [one.fr.replace("\u202f", " ") for one in person_words(found, 0, probability=True)]
    assert french == [
        "Score de 45 % : le modèle part de 20 %.",
        "commandes, lignes (lus ensemble) vont de pair avec 30,0 points de plus.",
        "jours va de pair avec 5,0 points de moins.",
    ]


def test_a_mean_of_both_sides_is_told_as_such() -> None:
    found = Contributions((("jours",),), 0.2, np.array([[0.01], [-0.02]]), Unit.SCORE)
    both, down = global_weights(found)[0], segment_weights(found, np.array([False, True]))[0]
    assert weight_words(both, probability=True).fr.startswith("jours va de pair avec 1,5 point de plus ou de moins en")
    assert weight_words(both, probability=True).en.startswith("jours goes with 1.5 points more or less on average (")
    assert weight_words(down, probability=True).fr.startswith("jours va de pair avec 2,0 points de moins en moyenne")
