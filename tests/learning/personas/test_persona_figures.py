"""Figures on a persona's card, each computed again by a plain loop or SciPy."""

import math
from statistics import mean, median, variance

import numpy as np
import pytest
from scipy.stats import chi2_contingency, fisher_exact, norm

from kohort.learning.clustering.discovery import discover
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.categories import CategoricalTrait, category_differences
from kohort.learning.personas.description import describe

PEOPLE = 300
REACH = float(norm.ppf(0.975))


def people() -> tuple[FeatureTable, np.ndarray]:
    random = np.random.default_rng(8)
    orders = np.repeat([40.0, 8.0, 4.0], 100) + random.normal(size=PEOPLE)
    basket = np.repeat([20.0, 90.0, 15.0], 100) + 3 * random.normal(size=PEOPLE)
    table = FeatureTable(
        tuple(f"p{one}" for one in range(PEOPLE)), ("orders", "basket"), np.column_stack([orders, basket])
    )
    return table, orders * basket


def test_effects_medians_value_and_shares_are_those_of_plain_loops() -> None:
    table, value = people()
    found = discover(table, value=value, seed=1, ks=(3,), bootstraps=5)
    scale = fit_preparation(table)
    scaled = dict(zip(scale.names, scale.apply(table).T, strict=True))
    personas = describe(found, table, value=value, labels={})
    assert len(personas) == 3
    for persona in personas:
        inside = (found.labels == persona.cluster).tolist()
        for trait in persona.traits:
            here = [one for one, is_in in zip(scaled[trait.label.name], inside, strict=True) if is_in]
            there = [one for one, is_in in zip(scaled[trait.label.name], inside, strict=True) if not is_in]
            n, m = len(here), len(there)
            # Hedges 1981: the difference over the pooled deviation, times 1 − 3 / (4 (n + m) − 9).
            pooled = math.sqrt(((n - 1) * variance(here) + (m - 1) * variance(there)) / (n + m - 2))
            g = (1 - 3 / (4 * (n + m) - 9)) * (mean(here) - mean(there)) / pooled
            error = math.sqrt(1 / n + 1 / m + g * g / (2 * (n + m)))
            assert trait.effect.estimate == pytest.approx(g)
            assert (trait.effect.low, trait.effect.high) == pytest.approx((g - REACH * error, g + REACH * error))
            raw = table.column(trait.label.name)
            assert trait.here == median(one for one, is_in in zip(raw, inside, strict=True) if is_in)
            assert trait.elsewhere == median(one for one, is_in in zip(raw, inside, strict=True) if not is_in)
        own = [one for one, is_in in zip(value, inside, strict=True) if is_in]
        assert persona.people == len(own)
        assert persona.share_of_people == pytest.approx(len(own) / PEOPLE)
        assert persona.share_of_value == pytest.approx(sum(own) / sum(value))
        assert persona.value is not None
        error = math.sqrt(variance(own) / len(own))
        assert persona.value.estimate == pytest.approx(mean(own))
        assert (persona.value.low, persona.value.high) == pytest.approx(
            (mean(own) - REACH * error, mean(own) + REACH * error)
        )


def test_a_habit_has_the_lift_of_katz_and_the_p_value_of_scipy_after_holm() -> None:
    random = np.random.default_rng(3)
    labels = np.repeat([0, 1], [120, 280])
    day = np.where(random.random(400) < np.where(labels == 0, 0.6, 0.2), "5", "1")
    channel = np.where(random.random(400) < np.where(labels == 0, 0.02, 0.3), "shop", "web")
    found = category_differences(
        [CategoricalTrait("weekday", tuple(day)), CategoricalTrait("channel", tuple(channel))], labels, 0
    )
    assert len(found) == 4
    plain = {}
    for name, values in (("weekday", day), ("channel", channel)):
        for category in sorted(set(values)):
            here, there = int((values[labels == 0] == category).sum()), int((values[labels == 1] == category).sum())
            table = [[here, 120 - here], [there, 280 - there]]
            expected = chi2_contingency(table, correction=False)
            few = expected.expected_freq.min() < 5
            plain[name, category] = here, there, fisher_exact(table).pvalue if few else expected.pvalue
    ordered = sorted(plain, key=lambda one: plain[one][2])
    holm, highest = {}, 0.0
    for place, one in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - place) * plain[one][2]))
        holm[one] = highest
    for habit in found:
        here, there, _ = plain[habit.trait, habit.category]
        lift = (here / 120) / (there / 280)
        error = math.sqrt(1 / here - 1 / 120 + 1 / there - 1 / 280)
        assert habit.p_value == pytest.approx(holm[habit.trait, habit.category])
        assert habit.lift.estimate == pytest.approx(lift)
        assert (habit.lift.low, habit.lift.high) == pytest.approx(
            (lift * math.exp(-REACH * error), lift * math.exp(REACH * error))
        )
