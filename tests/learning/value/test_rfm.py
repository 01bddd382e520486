import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.rfm import Levels
from kohort.errors import DefinitionError, UsageError
from kohort.learning.value.rfm import DEFAULT_CELLS, FIVE, RfmCell, ScoreRange, cell_grid, score_rfm
from kohort.learning.wording import Bilingual

CUSTOMERS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5), st.integers(0, 100_000)), min_size=1, max_size=40)


def arrays(customers: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    recency, frequency, monetary = np.array(customers, dtype=np.int64).T
    return recency, frequency, monetary


@given(CUSTOMERS)
def test_scores_are_those_of_counting_one_by_one(customers: list[tuple[int, int, int]]) -> None:
    scores = score_rfm(*arrays(customers))
    for person, (recency, frequency, monetary) in enumerate(customers):
        n = len(customers)
        assert scores.recency[person] == 1 + 5 * sum(other[0] > recency for other in customers) // n
        assert scores.frequency[person] == 1 + 5 * sum(other[1] < frequency for other in customers) // n
        assert scores.monetary[person] == 1 + 5 * sum(other[2] < monetary for other in customers) // n


@given(CUSTOMERS, st.tuples(st.integers(2, 4), st.integers(2, 6), st.integers(2, 10)))
def test_each_axis_has_levels_of_its_own_and_all_weigh_alike(
    customers: list[tuple[int, int, int]], levels: Levels
) -> None:
    r, f, m = levels
    everyone = [RfmCell("all", Bilingual("All", "Tous"), (ScoreRange((1, r), (1, f), (1, m)),))]
    scores = score_rfm(*arrays(customers), levels=levels, cells=everyone)
    for person, (recency, frequency, monetary) in enumerate(customers):
        n = len(customers)
        found = (scores.recency[person], scores.frequency[person], scores.monetary[person])
        assert found[0] == 1 + r * sum(other[0] > recency for other in customers) // n
        assert found[1] == 1 + f * sum(other[1] < frequency for other in customers) // n
        assert found[2] == 1 + m * sum(other[2] < monetary for other in customers) // n
        places = [(score - 1) / (count - 1) for score, count in zip(found, levels, strict=True)]
        assert scores.composite[person] == pytest.approx(1 + (max(levels) - 1) * sum(places) / 3)


@given(CUSTOMERS)
def test_the_order_of_people_does_not_matter_and_equal_people_score_alike(
    customers: list[tuple[int, int, int]],
) -> None:
    order = np.random.default_rng(len(customers)).permutation(len(customers))
    scores = score_rfm(*arrays(customers))
    shuffled = score_rfm(*arrays([customers[position] for position in order]))
    assert [scores.cells[position] for position in order] == list(shuffled.cells)
    assert np.array_equal(scores.composite[order], shuffled.composite)


@given(CUSTOMERS)
def test_better_behaviour_never_scores_worse(customers: list[tuple[int, int, int]]) -> None:
    scores = score_rfm(*arrays(customers))
    for one, other in itertools.combinations(range(len(customers)), 2):
        if customers[one][0] <= customers[other][0]:
            assert scores.recency[one] >= scores.recency[other]
        if customers[one][1] >= customers[other][1]:
            assert scores.frequency[one] >= scores.frequency[other]


def test_seventy_percent_of_one_time_buyers_share_one_score() -> None:
    frequency = np.array([1] * 70 + [2] * 20 + [9] * 10)
    scores = score_rfm(np.arange(100), frequency, np.arange(100))
    assert sorted(set(zip(frequency.tolist(), scores.frequency.tolist(), strict=True))) == [(1, 1), (2, 4), (9, 5)]


def test_weights_weigh_the_composite() -> None:
    values = np.arange(10)
    scores = score_rfm(values, values, values, weights=(2, 1, 1))
    expected = (2 * scores.recency + scores.frequency + scores.monetary) / 4
    assert np.allclose(scores.composite, expected)


@pytest.mark.parametrize(
    ("score", "cell"),
    [
        ((5, 5, 5), "champions"),
        ((5, 5, 2), "loyal"),
        ((3, 4, 1), "loyal"),
        ((5, 2, 5), "promising"),
        ((4, 1, 1), "new"),
        ((3, 3, 3), "need_attention"),
        ((3, 1, 3), "about_to_sleep"),
        ((1, 5, 5), "cannot_lose"),
        ((2, 3, 3), "at_risk"),
        ((2, 1, 3), "hibernating"),
        ((1, 1, 1), "lost"),
    ],
)
def test_a_marketer_reads_the_cells(score: tuple[int, int, int], cell: str) -> None:
    r, f, m = score
    assert DEFAULT_CELLS[cell_grid(DEFAULT_CELLS, FIVE)[r - 1, f - 1, m - 1]].key == cell


def test_every_combination_falls_in_exactly_one_cell() -> None:
    for score in itertools.product(range(1, 6), repeat=3):
        homes = [
            cell.key
            for cell in DEFAULT_CELLS
            for box in cell.ranges
            if all(
                low <= axis <= high
                for axis, (low, high) in zip(score, (box.recency, box.frequency, box.monetary), strict=True)
            )
        ]
        assert len(homes) == 1, score
    assert {cell.key for cell in DEFAULT_CELLS} == {
        DEFAULT_CELLS[i].key for i in np.unique(cell_grid(DEFAULT_CELLS, FIVE))
    }


def test_cells_with_a_gap_an_overlap_or_foreign_scores_are_refused() -> None:
    with pytest.raises(DefinitionError, match="no RFM cell covers recency 4, frequency 4, monetary 4"):
        cell_grid(DEFAULT_CELLS[1:], FIVE)
    twice = (*DEFAULT_CELLS, replace(DEFAULT_CELLS[0], key="again"))
    with pytest.raises(DefinitionError, match='"champions" and "again" overlap'):
        cell_grid(twice, FIVE)
    with pytest.raises(DefinitionError, match="outside 1 to 3"):
        score_rfm(np.arange(3), np.arange(3), np.arange(3), levels=(3, 5, 5))


@pytest.mark.parametrize(
    ("recency", "weights", "problem"),
    [
        (np.arange(2.0), (1.0, 1.0, 1.0), "same people"),
        (np.array([1.0, 2.0, np.nan]), (1.0, 1.0, 1.0), "leave out people without orders"),
        (np.arange(3.0), (0.0, 0.0, 0.0), "weights"),
        (np.arange(3.0), (1.0, -1.0, 1.0), "weights"),
    ],
)
def test_senseless_input_is_refused(recency: np.ndarray, weights: tuple[float, float, float], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        score_rfm(recency, np.arange(3), np.arange(3), weights=weights)
