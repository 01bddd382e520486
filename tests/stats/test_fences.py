import numpy as np
import pytest

from kohort.errors import UsageError
from kohort.stats.fences import Fences, tukey_fences, z_fences, z_scores


def test_fences_leave_missing_values_out() -> None:
    values = np.array([1.0, 2.0, np.nan, 3.0, 4.0, 5.0])
    assert tukey_fences(values) == Fences(-1.0, 7.0)
    assert z_fences(values) == Fences(3 - 3 * 2.5**0.5, 3 + 3 * 2.5**0.5)
    assert np.isnan(z_scores(values)[2])


def test_a_constant_column_has_nothing_unusual() -> None:
    same = np.full(4, 7.0)
    assert tukey_fences(same) == z_fences(same) == Fences(7.0, 7.0)
    assert z_scores(same).tolist() == [0.0] * 4
    assert z_fences(np.array([7.0])) == Fences(7.0, 7.0)


def test_a_column_without_values_is_refused() -> None:
    with pytest.raises(UsageError, match="every one is missing"):
        tukey_fences(np.array([np.nan]))
