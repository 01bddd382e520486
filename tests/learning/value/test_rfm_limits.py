"""RFM on CDNOW, where most bought once (T14), and by thresholds that the business sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdnow_data import needs_cdnow
from cdnow_histories import END, cdnow_purchases
from kohort.definitions.score import score_definitions_of
from kohort.errors import DefinitionError
from kohort.learning.value.rfm import score_rfm
from kohort.learning.value.summaries import histories_of

_RISING = st.lists(st.integers(0, 60), min_size=4, max_size=4, unique=True).map(sorted)


@needs_cdnow
def test_cdnow_has_five_levels_each_defined_and_the_order_of_people_changes_nothing() -> None:
    merged, _ = cdnow_purchases()
    known = histories_of(merged, END)
    assert (known.frequency == 0).mean() > 0.4
    spent = np.bincount(np.searchsorted(known.person, merged.person), weights=merged.amount)
    days = np.rint((known.age - known.recency) * 7).astype(np.int64)
    found = score_rfm(days, known.frequency, spent, weights=(2.0, 1.0, 1.0))
    # All who bought once are alike: the second and third level of frequency stand empty, and those above do not.
    assert set(found.frequency[known.frequency == 0]) == {1}
    assert set(found.recency) == set(found.monetary) == {1, 2, 3, 4, 5}
    for values, scores, sign in (
        (days, found.recency, -1),
        (known.frequency, found.frequency, 1),
        (spent, found.monetary, 1),
    ):
        order = np.argsort(sign * values, kind="stable")
        assert (np.diff(scores[order]) >= 0).all()
        assert scores.max() == 5
        assert scores.min() == 1
    shuffled = np.random.default_rng(1).permutation(len(days))
    again = score_rfm(days[shuffled], known.frequency[shuffled], spent[shuffled], weights=(2.0, 1.0, 1.0))
    assert again.cells == tuple(found.cells[place] for place in shuffled)
    assert again.composite.tolist() == found.composite[shuffled].tolist()


@given(st.lists(st.integers(0, 60), min_size=1, max_size=30), _RISING)
def test_limits_count_how_many_of_them_are_passed(values: list[int], limits: list[int]) -> None:
    array = np.array(values)
    found = score_rfm(array, array, array, limits={"recency": limits, "monetary": limits})
    assert found.recency.tolist() == [5 - sum(value > one for one in limits) for value in values]
    assert found.monetary.tolist() == [1 + sum(value >= one for one in limits) for value in values]
    assert found.frequency.tolist() == score_rfm(array, array, array).frequency.tolist()


@pytest.mark.parametrize("limits", [[1, 2, 3], [4, 3, 2, 1], [1, 2, 2, 3], ["a", 2, 3, 4]])
def test_limits_that_make_no_levels_are_refused(limits: list[object]) -> None:
    score = {"kind": "rfm", "event": "order_completed", "value": "total", "limits": {"recency": limits}}
    with pytest.raises(DefinitionError, match=r"limits\.recency\": expected 4 numbers"):
        score_definitions_of({"scores": [score]}, "scores/rfm.yaml")
