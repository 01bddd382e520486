"""Deadlines settle: what is undone in time never was, and what follows waits its turn."""

from kohort.pipeline.live.settling import Found, Settling
from kohort.segments.membership import Change, MembershipChange


def found(change: Change, moment: int, *, by_time: bool = False, retracts: bool = False, who: str = "ada") -> Found:
    return Found(MembershipChange("recent", 1, who, change, moment, "rule"), by_time=by_time, retracts=retracts)


def told(*changes: Found) -> list[str]:
    return [("not " if one.retracts else "") + f"{one.change.change} {one.change.effective_at}" for one in changes]


def test_what_time_alone_changes_waits_and_what_happens_does_not() -> None:
    waiting = Settling(10)
    assert told(*waiting.take([found("left", 100, by_time=True), found("entered", 101, who="bob")], now=102)) == [
        "entered 101"
    ]
    assert told(*waiting.settled(now=109)) == []
    assert told(*waiting.settled(now=110)) == ["left 100"]
    assert told(*waiting.settled(now=200)) == []


def test_what_is_undone_while_it_waits_is_never_told() -> None:
    waiting = Settling(10)
    waiting.take([found("left", 100, by_time=True)], now=101)
    assert told(*waiting.take([found("left", 100, retracts=True), found("left", 130, by_time=True)], now=105)) == []
    assert told(*waiting.settled(now=139)) == []
    assert told(*waiting.settled(now=140)) == ["left 130"]


def test_entering_again_waits_for_the_leaving_before_it() -> None:
    waiting = Settling(10)
    waiting.take([found("left", 100, by_time=True)], now=101)
    assert told(*waiting.take([found("entered", 104)], now=105)) == []
    assert told(*waiting.settled(now=110)) == ["left 100", "entered 104"]


def test_what_comes_with_its_own_undoing_is_not_told() -> None:
    waiting = Settling(10)
    both = [found("left", 50, by_time=True), found("left", 50, retracts=True), found("entered", 60)]
    assert told(*waiting.take(both, now=100)) == ["entered 60"]


def test_what_was_told_and_is_not_true_is_told_at_once() -> None:
    waiting = Settling(10)
    assert told(*waiting.take([found("left", 50, retracts=True)], now=100)) == ["not left 50"]
