"""The channels and moments that a persona prefers, against a count by hand."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.learning.personas.categories import CategoricalTrait
from kohort.learning.personas.habits import habit_words, moments, preferred, usual
from kohort.stats.comparisons import compare_proportions

ACTS = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 2)), max_size=40)


@given(ACTS)
def test_a_habit_is_what_a_person_does_most_often(acts: list[tuple[int, int]]) -> None:
    person, codes = (np.array([one[part] for one in acts], np.int64) for part in (0, 1))
    found = usual("channel", person, codes, ("a", "b", "c"), 5).categories
    for who, habit in enumerate(found):
        counts = Counter(code for one, code in acts if one == who and code >= 0)
        expected = None if not counts else "abc"[min(counts, key=lambda code: (-counts[code], code))]
        assert habit == expected


def test_moments_are_local_weekdays_and_quarters_of_the_day() -> None:
    weekday, daytime = moments(np.array([0, 0, 0, 1]), np.array([6, 6, 0, 2]), np.array([23, 18, 5, 6]), 3)
    assert weekday.categories == ("6", "2", None)
    assert daytime.categories == ("3", "1", None)


def test_only_what_is_surely_more_usual_is_preferred_after_holm_over_all_habits() -> None:
    random = np.random.default_rng(4)
    labels = np.repeat([0, 1], 400)
    evening = random.random(800) < np.where(labels == 0, 0.6, 0.2)
    daytime = CategoricalTrait("daytime", tuple(np.where(evening, "3", "1").tolist()))
    chance = CategoricalTrait("channel", tuple(random.choice(["web", "shop", "app"], 800).tolist()))
    [found] = preferred([daytime, chance], labels, 0)
    here, there = int(evening[:400].sum()), int(evening[400:].sum())
    assert (found.trait, found.category) == ("daytime", "3")
    assert found.lift.estimate == pytest.approx(here / there)
    assert found.lift.low > 1
    alone = compare_proportions(here, 400, there, 400).p_value
    assert found.p_value >= 4 * alone, "Holm: the smallest of five p-values is multiplied, not taken as it is"
    [morning] = preferred([daytime, chance], labels, 1)
    assert morning.category == "1"


def test_by_chance_nothing_is_preferred_in_nineteen_of_twenty_cases() -> None:
    random = np.random.default_rng(11)
    found = 0
    for _ in range(100):
        labels = random.integers(0, 2, 200)
        habits = [
            CategoricalTrait(name, tuple(random.choice(list(values), 200).tolist()))
            for name, values in (("weekday", "0123456"), ("daytime", "0123"), ("channel", "ab"))
        ]
        found += bool(preferred(habits, labels, 0))
    assert found <= 10


def test_habits_are_said_in_both_languages() -> None:
    habits = (("weekday", "0"), ("daytime", "3"), ("channel", "e-mail"), ("visit_channel", "ad"))
    said = [habit_words(*one) for one in habits]
    assert [one.en for one in said] == [
        "Usual day: Monday", "Usual time of day: evening, 18 to 24", "Usual channel: e-mail",
        "Usual channel of visits: ad",
    ]  # fmt: skip
    assert [one.fr for one in said] == [
        "Jour habituel\u202f: lundi", "Moment habituel\u202f: soir, de 18\u202fh à 24\u202fh",
        "Canal habituel\u202f: e-mail", "Canal de visite habituel\u202f: ad",
    ]  # fmt: skip
