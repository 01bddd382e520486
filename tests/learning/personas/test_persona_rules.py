"""A small tree describes a cluster; its ranges, its rule and the tree of scikit-learn say the same of everyone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.tree import DecisionTreeClassifier

from kohort.definitions.values import MICRO
from kohort.errors import UsageError
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.boxes import Box, Range, holding, rule_of, simplified
from kohort.learning.personas.tree import described, fidelity_of, round_bound
from kohort.rules.languages import Language
from kohort.rules.print import print_rule

BOUND = st.none() | st.integers(0, 6)
RANGES = st.builds(Range, BOUND, BOUND, st.booleans(), st.booleans())
BOXES = st.lists(st.dictionaries(st.sampled_from("ab"), RANGES, max_size=2), min_size=1, max_size=5)
GRID = np.array([(a, b) for a in range(-1, 8) for b in range(-1, 8)])
EVERY_VALUE = {name: (GRID[:, place].astype(np.int64), GRID[:, place] != 7) for place, name in enumerate("ab")}
"""Every combination of the values -1 to 6, and of a missing one, which 7 stands for."""


def in_range(one: Range, value: int) -> bool:
    if value == 7:
        return one.missing
    low, high = -99 if one.low is None else one.low, 99 if one.high is None else one.high
    return one.known and low <= value < high


def in_any(boxes: list[Box], a: int, b: int) -> bool:
    values = {"a": a, "b": b}
    return any(all(in_range(one, values[name]) for name, one in box.items()) for box in boxes)


@given(BOXES)
def test_boxes_hold_whom_they_say_and_simplified_ones_the_same(boxes: list[Box]) -> None:
    expected = [in_any(boxes, *pair) for pair in GRID.tolist()]
    assert holding(boxes, EVERY_VALUE, len(GRID)).tolist() == expected
    fewer = simplified(boxes)
    assert len(fewer) <= len(boxes)
    assert holding(fewer, EVERY_VALUE, len(GRID)).tolist() == expected


@given(RANGES, st.integers(0, 6), st.booleans())
def test_a_split_parts_a_range_in_two(one: Range, bound: int, missing: bool) -> None:
    left, right = one.below(bound, missing=missing), one.from_on(bound, missing=not missing)
    for value in range(-1, 8):
        inside = in_range(left, value), in_range(right, value)
        assert sum(inside) == in_range(one, value)


def people(rows: int, *, missing: float = 0.0, seed: int = 1) -> FeatureTable:
    random = np.random.default_rng(seed)
    values = np.column_stack([
        random.integers(1, 21, rows).astype(float), random.lognormal(3, 1, rows).round(2), random.normal(size=rows),
    ])  # fmt: skip
    values[random.random(values.shape) < missing] = np.nan
    return FeatureTable(tuple(map(str, range(rows))), ("orders", "basket", "noise"), values)


def test_what_a_rule_of_round_numbers_made_is_found_again_in_both_languages() -> None:
    table = people(2_000)
    orders, basket = table.column("orders"), table.column("basket")
    found = described(table, (orders >= 12) & (basket < 20), seed=1)
    rule = rule_of(found.boxes, "orders", whole=found.whole).rule
    assert print_rule(rule, Language.EN) == "orders >= 12 and basket < 20"
    assert print_rule(rule, Language.FR) == "orders >= 12 et basket < 20"
    assert found.fidelity.f1.estimate > 0.97
    assert not found.fidelity.is_poor
    assert found.whole == {"orders"}


def test_missing_values_go_where_the_tree_sends_them() -> None:
    table = people(3_000, missing=0.2)
    orders = table.column("orders")
    without = described(table, np.isnan(orders), seed=1)
    assert str(rule_of(without.boxes, "orders")) == "orders is missing"
    either = described(table, np.isnan(orders) | (orders >= 15), seed=1)
    assert str(rule_of(either.boxes, "orders")) == "orders >= 15 or orders is missing"
    known = described(table, ~np.isnan(orders), seed=1)
    assert str(rule_of(known.boxes, "orders")) == "orders exists"


def test_chance_is_described_poorly_and_said_to_be() -> None:
    table = people(1_000)
    chance = np.random.default_rng(3).random(1_000) < 0.3
    assert described(table, chance, seed=1).fidelity.is_poor


def test_one_that_is_twice_as_deep_in_scikit_learn_is_hardly_better() -> None:
    table = people(3_000, seed=5)
    random = np.random.default_rng(9)
    noisy = table.column("orders") + random.normal(scale=2, size=3_000) > 13
    found = described(table, noisy, seed=1)
    half = np.arange(3_000) < 1_500
    peer = DecisionTreeClassifier(max_depth=6, random_state=0).fit(table.values[half], noisy[half])
    theirs = f1_score(noisy[~half], peer.predict(table.values[~half]))
    assert found.fidelity.f1.estimate > theirs - 0.05
    assert len(found.boxes) == 1


@given(arrays(bool, 40), arrays(bool, 40))
def test_fidelity_is_that_of_scikit_learn(found: np.ndarray, inside: np.ndarray) -> None:
    fidelity = fidelity_of(found, inside, seed=1)
    assert fidelity.f1.estimate == pytest.approx(f1_score(inside, found, zero_division=0.0))
    assert fidelity.f1.low <= fidelity.f1.high
    if fidelity.precision:
        assert fidelity.precision.estimate == pytest.approx(precision_score(inside, found))
    if fidelity.recall:
        assert fidelity.recall.estimate == pytest.approx(recall_score(inside, found))


def test_the_bootstrap_of_counts_is_that_of_people() -> None:
    random = np.random.default_rng(2)
    inside = random.random(300) < 0.4
    found = np.where(random.random(300) < 0.85, inside, ~inside)
    fidelity = fidelity_of(found, inside, seed=1)
    drawn = random.integers(0, 300, (2_000, 300))
    hits, named = (inside & found)[drawn].sum(axis=1), inside[drawn].sum(axis=1) + found[drawn].sum(axis=1)
    low, high = np.quantile(2 * hits / named, [0.025, 0.975])
    assert [fidelity.f1.low, fidelity.f1.high] == pytest.approx([low, high], abs=0.01)


@given(st.lists(st.integers(-50_000_000, 50_000_000), min_size=2, max_size=60, unique=True), st.data())
def test_a_round_bound_moves_nobody_among_few(values: list[int], data: st.DataObject) -> None:
    below = data.draw(st.integers(1, len(values) - 1))
    bound = round_bound(np.array(values), below)
    assert sum(one < bound for one in values) == below


def test_a_round_bound_is_round() -> None:
    values = np.random.default_rng(1).lognormal(4, 1, 5_000) * MICRO
    bound = round_bound(values.astype(np.int64), 2_500)
    assert bound % MICRO == 0
    assert abs(int((values < bound).sum()) - 2_500) <= 50


def test_a_cluster_of_one_or_of_all_is_refused() -> None:
    table = people(10)
    for inside in (np.arange(10) < 1, np.ones(10, dtype=bool)):
        with pytest.raises(UsageError, match="at least two people"):
            described(table, inside, seed=1)
