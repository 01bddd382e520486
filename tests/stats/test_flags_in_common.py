import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import jaccard_score

from kohort.errors import UsageError
from kohort.stats.agreement import overlaps


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_each_two_are_compared_and_jaccard_is_scikit_learns(rows: list[tuple[bool, bool, bool]]) -> None:
    flags = dict(zip("abc", np.array(rows).T, strict=True))
    found = overlaps(flags)
    assert [(one.one, one.other) for one in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    for one in found:
        first, second = flags[one.one], flags[one.other]
        assert one.both + one.one_alone == first.sum()
        assert one.both + one.other_alone == second.sum()
        if first.any() or second.any():
            assert one.jaccard == pytest.approx(jaccard_score(first, second))
        else:
            assert one.jaccard is None


def test_flags_of_other_values_are_refused() -> None:
    with pytest.raises(UsageError, match="same values"):
        overlaps({"a": np.array([True]), "b": np.array([True, False])})
