"""Counting purchases as the papers do: repeats, ages, same days, returns (trap T22)."""

import csv
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdnow_data import CDNOW, needs_cdnow
from cdnow_histories import END, SPLIT, cdnow_purchases, cdnow_split
from kohort.errors import UsageError
from kohort.learning.value.summaries import Purchases, future_of, histories_of, merge_days

_LOGS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 30), st.sampled_from([-5.0, 0.0, float("nan"), 2.0, 7.5])), max_size=40
)


def _purchases(log: list[tuple[int, int, float]]) -> Purchases:
    return Purchases(
        np.array([one[0] for one in log], dtype=np.int64),
        np.array([one[1] for one in log], dtype=np.int64),
        np.array([one[2] for one in log], dtype=np.float64),
    )


@needs_cdnow
def test_the_summary_of_the_raw_log_is_the_published_one() -> None:
    histories, future = cdnow_split()
    with (CDNOW / "cdnow_customers_summary_with_transactions.csv").open() as file:
        published = list(csv.DictReader(file))
    assert len(histories) == len(published) == 2357
    assert int((histories.frequency > 0).sum()) == 946
    assert int(histories.frequency.sum()) == 2457
    assert histories.frequency.tolist() == [float(row["x"]) for row in published]
    for ours, column in ((histories.recency, "t_x"), (histories.age, "T")):
        assert max(abs(one - float(row[column])) for one, row in zip(ours, published, strict=True)) < 0.005
    means = zip(histories.mean_value, published, strict=True)
    assert max(abs(one - float(row["zbar"])) for one, row in means) < 0.00501
    assert int(future.purchases.sum()) == 1882


@needs_cdnow
def test_purchases_of_one_day_are_merged_and_told() -> None:
    merged, told = cdnow_purchases()
    assert (told.purchases, told.same_day, told.free, told.returns) == (6919, 223, 8, 0)
    assert len(merged.person) == 6919 - 223


@given(_LOGS, st.integers(0, 30))
def test_histories_are_those_of_one_person_after_the_other(log: list[tuple[int, int, float]], until: int) -> None:
    days: dict[int, dict[int, float]] = defaultdict(dict)
    for person, day, amount in log:
        if not amount < 0:
            days[person][day] = days[person].get(day, 0.0) + (0.0 if np.isnan(amount) else amount)
    merged, told = merge_days(_purchases(log))
    found = histories_of(merged, until)
    expected = []
    for person in sorted(days):
        known = sorted(day for day in days[person] if day <= until)
        if known:
            paid = [days[person][day] for day in known[1:] if days[person][day] > 0]
            mean = sum(paid) / len(paid) if paid else 0.0
            ages = ((known[-1] - known[0]) / 7, (until - known[0]) / 7)
            expected.append((person, len(known) - 1, *ages, len(paid), mean))
    columns = (found.person, found.frequency, found.recency, found.age, found.valued, found.mean_value)
    assert len(found) == len(expected)
    for row, wanted in zip(zip(*(one.tolist() for one in columns), strict=True), expected, strict=True):
        assert row == pytest.approx(wanted)
    assert told.returns == sum(amount < 0 for _, _, amount in log)
    assert told.unknown == sum(np.isnan(amount) for _, _, amount in log)


@given(_LOGS, st.integers(0, 30), st.integers(0, 30))
def test_what_follows_is_counted_for_those_who_were_known(
    log: list[tuple[int, int, float]], one: int, other: int
) -> None:
    split, end = min(one, other), max(one, other)
    merged, _ = merge_days(_purchases(log))
    known = histories_of(merged, split)
    found = future_of(merged, known.person, split, end)
    for person, purchases, spent in zip(known.person, found.purchases, found.spent, strict=True):
        mine = (merged.person == person) & (merged.day > split) & (merged.day <= end)
        assert purchases == mine.sum()
        assert spent == pytest.approx(merged.amount[mine].sum())


@needs_cdnow
def test_what_comes_after_the_split_changes_no_history() -> None:
    merged, _ = cdnow_purchases()
    before = merged.day <= SPLIT
    cut = Purchases(merged.person[before], merged.day[before], merged.amount[before])
    shuffled = Purchases(merged.person, merged.day, np.where(before, merged.amount, 1e6))
    for other in (cut, shuffled):
        for name in ("person", "frequency", "recency", "age", "valued", "mean_value"):
            ours, theirs = getattr(histories_of(merged, SPLIT), name), getattr(histories_of(other, SPLIT), name)
            assert ours.tobytes() == theirs.tobytes(), name
    assert merged.day.max() <= END


def test_purchases_without_a_day_each_are_refused() -> None:
    with pytest.raises(UsageError, match="a person, a day and an amount"):
        merge_days(Purchases(np.array([1]), np.array([1, 2]), np.array([1.0])))
