import numpy as np
import pytest
from scipy.stats import spearmanr

from kohort.definitions.preparation import PreparationDefinition, SelectionDefinition
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.selection import bimodality
from kohort.learning.features.table import FeatureTable

PEOPLE = 1_000


def crowd() -> FeatureTable:
    random = np.random.default_rng(4)
    spend = np.exp(random.normal(3, 1, PEOPLE))
    same = spend**2 * random.uniform(0.99, 1.01, PEOPLE)
    partly = np.where(random.uniform(size=PEOPLE) < 0.7, np.nan, random.normal(size=PEOPLE))
    nearly = np.where(np.arange(PEOPLE) < 4, 1.0, 0.0)
    noise = random.normal(size=PEOPLE)
    modes = random.normal(size=PEOPLE) + np.repeat([0.0, 6.0], PEOPLE // 2)
    columns = {"same": same, "spend": spend, "partly": partly, "nearly": nearly, "noise": noise, "modes": modes}
    columns["spend"][3] = np.nan
    return FeatureTable(tuple(map(str, range(PEOPLE))), tuple(columns), np.column_stack(list(columns.values())))


def reasons(limits: SelectionDefinition | None) -> dict[str, str]:
    dropped = fit_preparation(crowd(), PreparationDefinition(selection=limits)).dropped
    return {one.name: one.reason for one in dropped}


def test_without_a_selection_only_what_tells_nobody_apart_is_left_out() -> None:
    assert reasons(None) == {"nearly": "constant"}, "four of a thousand are clipped away with the tails"


def test_each_feature_left_out_is_told_with_the_reason_and_the_figure() -> None:
    table = crowd()
    preparation = fit_preparation(table, PreparationDefinition(selection=SelectionDefinition()))
    dropped = {one.name: one for one in preparation.dropped}
    assert {name: one.reason for name, one in dropped.items()} == {
        "partly": "missing",
        "nearly": "nearly_constant",
        "spend": "correlated",
    }
    assert dropped["partly"].figure == np.isnan(table.column("partly")).mean()
    assert dropped["nearly"].figure == 0.996
    assert dropped["spend"].beside == "same"
    expected = spearmanr(table.column("same"), table.column("spend"), nan_policy="omit").statistic
    assert dropped["spend"].figure == pytest.approx(expected, abs=0.02)
    assert preparation.names == ("same", "noise", "modes")


def test_of_two_that_say_the_same_the_one_that_more_people_have_is_kept() -> None:
    values = np.column_stack([np.arange(50.0), np.arange(50.0) ** 2])
    values[0, 0] = np.nan
    table = FeatureTable(tuple(map(str, range(50))), ("lacking", "whole"), values)
    assert fit_preparation(table, PreparationDefinition(selection=SelectionDefinition())).names == ("whole",)


def test_a_feature_without_modes_that_goes_with_no_other_is_left_out_only_if_asked_for() -> None:
    assert "noise" not in reasons(SelectionDefinition())
    assert reasons(SelectionDefinition(noise=True))["noise"] == "noise"
    assert "modes" not in reasons(SelectionDefinition(noise=True))


def test_the_coefficient_of_bimodality_is_five_ninths_of_an_even_spread_and_a_third_of_a_normal_one() -> None:
    assert bimodality(np.linspace(0, 1, 100_001)) == pytest.approx(5 / 9, abs=1e-4)
    assert bimodality(np.random.default_rng(1).normal(size=400_000)) == pytest.approx(1 / 3, abs=0.01)
