"""The moments at which people are looked at tell nothing by themselves: simulated entries, and laws of the drawing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import UsageError
from kohort.learning.auc import auc_interval
from kohort.learning.lookalike.moments import drawn_like, moments_looked_at, worth_comparing

PEOPLE, DAYS = 8_000, 400


def _entered(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return when people of a growing shop came, who entered, and when they would.

    Whoever is there and is no member enters in a day with the same chance, whenever they came: it grows with the days.
    """
    random = np.random.default_rng(seed)
    came = np.sort(DAYS * random.random(PEOPLE) ** 0.5).astype(np.int64)
    would = (DAYS * np.sqrt((came / DAYS) ** 2 + random.exponential(1, PEOPLE))).astype(np.int64)
    return came, (would > came) & (would < DAYS), would


@pytest.mark.parametrize("seed", range(3))
def test_time_alone_does_not_tell_members_apart(seed: int) -> None:
    came, members, entries = _entered(seed)
    moments, places = moments_looked_at(entries[members], 12)
    known = came[None, :] < moments[:, None]
    inside = known[places, np.flatnonzero(members)]
    counts = np.bincount(places[inside], minlength=len(moments))
    eligible = known & ~members
    kept = worth_comparing(counts, eligible.sum(axis=1))
    drawn = drawn_like(np.where(kept, counts, 0), eligible, seed=seed)
    looked_at = np.concatenate([places[inside & kept[places]], drawn[drawn >= 0]])
    first_seen = np.concatenate([came[members][inside & kept[places]], came[drawn >= 0]])
    reached = np.arange(len(looked_at)) < (inside & kept[places]).sum()
    assert reached.sum() > 1_000 < (~reached).sum()
    for told in (moments[looked_at], moments[looked_at] - first_seen, first_seen):
        assert auc_interval(told.astype(float), reached).estimate == pytest.approx(0.5, abs=0.03)
    # The run's moment for everybody outside would tell all: everything that grows with time has grown further.
    today = np.where(reached, moments[looked_at], DAYS) - first_seen
    assert auc_interval(-today.astype(float), reached).estimate > 0.6


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60), st.integers(1, 8))
def test_nobody_is_looked_at_after_they_entered(entries: list[int], most: int) -> None:
    told = np.array(entries)
    moments, places = moments_looked_at(told, most)
    assert len(moments) <= most
    assert (np.diff(moments) > 0).all()
    assert moments[0] == told.min()
    assert (moments[places] <= told).all()
    after = np.append(moments[1:], told.max() + 1)[places]
    assert (after > told).all()
    if len(set(entries)) <= most:
        assert (moments[places] == told).all()
    assert set(moments.tolist()) <= set(entries)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=7))
def test_the_moments_kept_are_those_that_are_told_apart_best(counts: list[tuple[int, int]]) -> None:
    members, others = (np.array(one) for one in zip(*counts, strict=True))
    kept = worth_comparing(members, others)
    assert not (kept & ((members == 0) | (others == 0))).any()
    assert kept.any() == bool(((members > 0) & (others > 0)).any())

    def doubt(chosen: np.ndarray) -> float:
        inside = members[chosen].sum()
        return float(1 / inside + (members[chosen] / others[chosen]).sum() / inside)

    if kept.any():
        alone = [np.arange(len(members)) == place for place in np.flatnonzero((members > 0) & (others > 0))]
        most = others == others[(members > 0) & (others > 0)].max()
        assert doubt(kept) <= min(
            doubt((members > 0) & (others > 0)), *(doubt(one) for one in alone if one[most].any())
        )


def test_nobody_is_drawn_where_they_could_not_be_looked_at_and_all_are_where_they_always_could() -> None:
    eligible = np.random.default_rng(1).random((4, 500)) < 0.5
    drawn = drawn_like(np.array([5, 0, 3, 2]), eligible, seed=2)
    used = drawn >= 0
    assert eligible[drawn[used], np.flatnonzero(used)].all()
    assert not (drawn == 1).any()
    assert (drawn_like(np.array([5, 1]), np.ones((2, 90), dtype=bool), seed=2) >= 0).all()
    assert (drawn_like(np.array([5, 1]), np.zeros((2, 90), dtype=bool), seed=2) == -1).all()
    assert (drawn == drawn_like(np.array([5, 0, 3, 2]), eligible, seed=2)).all()
    with pytest.raises(UsageError, match="0 entries"):
        moments_looked_at(np.array([], dtype=np.int64), 3)
