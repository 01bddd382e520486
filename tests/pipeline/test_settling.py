"""Deadlines settle: what is undone in time never was, and what follows waits its turn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.engines.live.changes import Change, Changes
from kohort.engines.live.flips import Cause
from kohort.pipeline.live import settling
from kohort.pipeline.live.settling import Settling


def entered(moment: int, who: int = 0) -> Change:
    return Change(who, 0, moment, enters=True, cause=Cause.EVENT, retracts=False)


def left(moment: int, who: int = 0) -> Change:
    return Change(who, 0, moment, enters=False, cause=Cause.TIME, retracts=False)


def not_left(moment: int, who: int = 0) -> Change:
    return Change(who, 0, moment, enters=False, cause=Cause.TIME, retracts=True)


def changes(*some: Change) -> Changes:
    columns = zip(*((a.person, a.rule, a.moment, a.enters, a.cause, a.retracts) for a in some), strict=True)
    people, rules, moments, enters, causes, retracts = columns if some else [()] * 6
    return Changes(
        np.array(people, np.int32),
        np.array(rules, np.int32),
        np.array(moments, np.int64),
        np.array(enters, np.bool_),
        np.array(causes, np.int8),
        np.array(retracts, np.bool_),
    )


def told(waiting: Settling, *found: Change, now: int, most: int | None = None) -> list[str]:
    """Return what is told by `now`, after so much was found."""
    return [
        ("not " if one.retracts else "") + ("entered" if one.enters else "left") + f" {one.moment}"
        for one in waiting.take(changes(*found), now, most)
    ]


def test_what_time_alone_changes_waits_and_what_happens_does_not() -> None:
    waiting = Settling(10)
    assert told(waiting, left(100), entered(101, who=1), now=102) == ["entered 101"]
    assert told(waiting, now=109) == []
    assert told(waiting, now=110) == ["left 100"]
    assert told(waiting, now=200) == []


def test_what_is_undone_while_it_waits_is_never_told() -> None:
    waiting = Settling(10)
    told(waiting, left(100), now=101)
    assert told(waiting, not_left(100), left(130), now=105) == []
    assert told(waiting, now=139) == []
    assert told(waiting, now=140) == ["left 130"]


def test_entering_again_waits_for_the_leaving_before_it() -> None:
    waiting = Settling(10)
    told(waiting, left(100), now=101)
    assert told(waiting, entered(104), now=105) == []
    assert told(waiting, now=110) == ["left 100", "entered 104"]


def test_what_comes_with_its_own_undoing_is_not_told() -> None:
    assert told(Settling(10), left(50), not_left(50), entered(60), now=100) == ["entered 60"]


def test_what_was_told_and_is_not_true_is_told_at_once() -> None:
    waiting = Settling(10)
    assert told(waiting, left(100, who=1), now=101) == []
    assert told(waiting, not_left(50), now=105) == ["not left 50"]


def test_what_is_taken_back_and_said_again_is_said_once() -> None:
    waiting = Settling(10)
    assert told(waiting, left(50), not_left(50), left(50), now=100) == ["left 50"]


def test_so_many_are_told_at_once_and_what_is_known_goes_no_further() -> None:
    waiting = Settling(10)
    assert told(waiting, *(left(100, who) for who in range(5)), now=105, most=2) == []
    assert (waiting.is_behind(105), waiting.known(105)) == (False, 95)
    assert told(waiting, now=115, most=2) == ["left 100", "left 100"]
    assert (waiting.is_behind(115), waiting.known(115)) == (True, 99)
    assert told(waiting, entered(116, who=9), now=116, most=2) == ["left 100", "left 100", "entered 116"]
    assert told(waiting, now=116, most=2) == ["left 100"]
    assert (waiting.is_behind(116), waiting.known(116)) == (False, 106)


def test_what_happens_is_told_at_once_however_much_it_is() -> None:
    waiting = Settling(10)
    told(waiting, *(left(100, who) for who in range(5)), now=101)
    happened = [entered(115, who) for who in range(10, 15)]
    assert told(waiting, *happened, now=115, most=2) == [*["left 100"] * 2, *["entered 115"] * 5]
    assert (waiting.is_behind(115), waiting.known(115)) == (True, 99)


def test_what_numbers_of_the_population_change_is_told_in_parts_and_in_the_order_of_each_person() -> None:
    waiting = Settling(10)
    epoch = [replace(left(100, who), cause=Cause.EPOCH) for who in range(5)]
    assert told(waiting, *epoch, now=100, most=2) == ["left 100"] * 2
    again = [entered(101, who) for who in range(5)]
    assert told(waiting, *again, now=101, most=2) == ["left 100"] * 2 + ["entered 101"] * 2
    assert told(waiting, now=101, most=9) == ["left 100"] + ["entered 101"] * 3


def test_what_is_overdue_and_undone_is_never_told() -> None:
    waiting = Settling(10)
    told(waiting, left(100, who=0), left(100, who=1), now=101)
    assert told(waiting, now=111, most=1) == ["left 100"]
    assert told(waiting, not_left(100, who=1), now=112, most=1) == []
    assert told(waiting, now=113) == []


@given(
    gaps=st.lists(st.tuples(st.integers(1, 12), st.integers(0, 1), st.sampled_from(Cause)), max_size=12),
    steps=st.lists(st.integers(0, 9), max_size=12),
    most=st.none() | st.integers(1, 3),
    longest=st.sampled_from([2, 2**17]),
)
def test_everything_is_told_once_in_the_order_of_each_person_and_settled(
    gaps: list[tuple[int, int, Cause]], steps: list[int], most: int | None, longest: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settling, "_MOST_A_RUN", longest)
        settle(gaps, steps, most)


def settle(gaps: list[tuple[int, int, Cause]], steps: list[int], most: int | None) -> None:
    moment, story, inside = 100, [], [False, False]
    for gap, who, cause in gaps:
        moment += gap
        story.append(Change(who, 0, moment, enters=not inside[who], cause=cause, retracts=False))
        inside[who] = not inside[who]
    waiting, now, heard = Settling(10), 100, []
    for step in [*steps, 1_000, *[0] * 12]:
        before, now = now, now + step
        its = [one for one in story if before < one.moment <= now]
        for one in waiting.take(changes(*its), now, most):
            assert one.cause is not Cause.TIME or one.moment <= now - 10
            heard.append(one)
    for who in (0, 1):
        assert [one for one in heard if one.person == who] == [one for one in story if one.person == who]
