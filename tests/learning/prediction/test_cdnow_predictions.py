"""Who of CDNOW's people buys again in the held-out 39 weeks: near what is published, and no better than can be."""

from datetime import date

import numpy as np
import pytest

from cdnow_data import CDNOW, needs_cdnow
from kohort.learning.features.table import FeatureTable
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import Examples
from kohort.learning.prediction.results import PredictionStudy
from kohort.learning.prediction.study import train
from kohort.learning.value.summaries import Purchases, future_of, histories_of, merge_days
from kohort.learning.value.supervised import FEATURES, features_of
from kohort.testing.cdnow import read_cdnow

pytestmark = needs_cdnow
_EPOCH = date(1970, 1, 1)
_SPLIT = (date(1997, 9, 30) - _EPOCH).days
_SILENT = "weeks since the last purchase"


def _study(known_until: int) -> PredictionStudy:
    """Learn who buys after the split, from what was known at a day: the split, or by mistake a later one."""
    read = read_cdnow(CDNOW)
    _, person = np.unique(read.people, return_inverse=True)
    days = np.array([(one - _EPOCH).days for one in read.days])
    merged, _ = merge_days(Purchases(person.astype(np.int64), days, np.array(read.amounts)))
    people = histories_of(merged, _SPLIT).person
    known = histories_of(merged, known_until)
    places = np.searchsorted(known.person, people)
    values = features_of(merged, known, known_until)[places]
    table = FeatureTable(tuple(map(str, people.tolist())), FEATURES, values)
    bought = future_of(merged, people, _SPLIT, _SPLIT + 273).purchases > 0
    return train(Examples(table, bought, people), Plan(families=("logistic",)), rule=_SILENT).study


@pytest.mark.slow
def test_the_area_is_that_of_a_held_out_time_and_recency_is_named_beside_it() -> None:
    found = _study(_SPLIT)
    assert found.measures.n == 2_357
    # Published on the same people: recency alone .771, expected purchases of BG/NBD .773.
    assert found.rule.auc.estimate == pytest.approx(0.771, abs=0.01)
    assert 0.76 < found.measures.auc.estimate < 0.83
    assert found.measures.calibration_error.estimate < 0.04
    assert found.measures.auc.low < found.measures.auc.estimate < found.measures.auc.high
    assert not found.is_telling


@pytest.mark.slow
def test_recency_of_the_day_of_extraction_sets_off_the_alarm() -> None:
    found = _study(_SPLIT + 273)
    assert found.rule.auc.estimate > 0.98
    assert found.is_telling
