"""What a journey makes of the membership log: told as stories, and held to the log's plain meaning."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import ListLedger, Story, a_journey, a_story, at, never, standing

from kohort.activation.decisions import RETRIES, LoggedChange, answered, is_capped
from kohort.activation.deliveries import Answer, State
from kohort.activation.ledger import Ledger
from kohort.clock import DAY, HOUR, MINUTE, SECOND
from kohort.definitions.journey import Cap, Change
from kohort.storage.state import State as Store
from kohort.testing.suite.base import scaled
from small_shop import NOW
from webhook_receiver import a_delivery


def test_whoever_enters_is_told_of_once_and_whoever_leaves_is_not(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:01", "10:00 ada entered", "10:00 bob entered", "10:01 bob left")
    assert story.send("10:01") == ["ada 10:00", "bob 10:00"]
    story.read("12:00", "11:00 bob entered")
    assert story.send("12:00") == ["bob 11:00"]
    assert story.send("23:00") == []


def test_a_journey_may_tell_of_who_leaves(tmp_path: Path) -> None:
    story = a_story(tmp_path, when={"leaves": "keen"})
    story.read("10:01", "10:00 ada entered", "10:01 ada left", "10:01 eve left as merged", "10:01 bob left as removed")
    assert story.send("10:01") == ["ada 10:01", "bob 10:01"], "who was merged is another person now, and has not left"


def test_what_happened_before_a_journey_was_first_seen_is_not_told(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    early = LoggedChange(1, "keen", 1, "ada", "entered", NOW - 1, "rule")
    story.take(NOW + HOUR, [early, LoggedChange(2, "keen", 1, "bob", "entered", NOW, "rule")])
    assert story.send("10:00") == ["bob 00:00"]


def test_a_delivery_waits(tmp_path: Path) -> None:
    story = a_story(tmp_path, wait="1 hour")
    story.read("10:01", "10:00 ada entered")
    assert story.send("10:59") == []
    assert story.send("11:00") == ["ada 10:00"]


def test_a_change_that_is_known_late_waits_no_longer(tmp_path: Path) -> None:
    story = a_story(tmp_path, wait="1 hour")
    story.read("15:00", "10:00 ada entered")
    assert story.send("15:00") == ["ada 10:00"]


@pytest.mark.parametrize(
    ("unless", "left_at", "told"),
    [
        ("left", "10:30", False),
        ("left", "11:00", False),
        ("left", "11:01", True),
        ("nothing", "10:30", True),
    ],
)
def test_whoever_turns_back_during_the_wait_is_not_told_of(
    tmp_path: Path, unless: str, left_at: str, told: bool
) -> None:
    story = a_story(tmp_path, wait="1 hour", unless=unless)
    story.read("12:00", "10:00 ada entered", f"{left_at} ada left")
    assert story.send("12:00") == (["ada 10:00"] if told else [])
    assert story.states == ["ada 10:00 delivered" if told else "ada 10:00 cancelled"]


def test_without_a_wait_nobody_turns_back_in_time(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("12:00", "10:00 ada entered", "10:01 ada left")
    assert story.send("12:00") == ["ada 10:00"]


def test_what_is_taken_back_before_it_was_sent_is_never_sent(tmp_path: Path) -> None:
    story = a_story(tmp_path, wait="1 hour")
    story.read("10:01", "10:00 ada entered")
    story.read("10:30", "10:00 ada left (never: row 1)")
    assert story.send("23:00") == []
    assert story.states == ["ada 10:00 cancelled"]


def test_what_is_taken_back_after_it_was_sent_is_retracted(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:01", "10:00 ada entered")
    assert story.send("10:01") == ["ada 10:00"]
    story.read("10:30", "10:00 ada left (never: row 1)")
    assert story.send("10:30") == ["not ada 10:00"]
    first, second = story.received
    assert second.retracts == first.delivery_id != second.delivery_id


def test_what_may_have_been_received_is_retracted_too(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:01", "10:00 ada entered")
    assert story.send("10:01", 500) == ["ada 10:00"]
    story.read("10:30", "10:00 ada left (never: row 1)")
    assert story.send("10:30") == ["not ada 10:00"]
    assert story.send("23:00") == [], "and the original is not tried again"
    assert story.states == ["ada 10:00 cancelled", "not ada 10:00 delivered"]


def test_what_was_undone_while_it_was_under_way_is_retracted(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:01", "10:00 ada entered")
    (under_way,), _ = story.ledger.start(story.journey, at("10:01"), 16)
    story.read("10:01", "10:00 ada left (never: row 1)")
    story.ledger.finish([(under_way, Answer(204))], at("10:02"))
    assert story.send("10:02") == ["not ada 10:00"]
    assert story.states == ["ada 10:00 delivered", "not ada 10:00 delivered"]


def test_what_happened_after_all_is_told_anew(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:01", "10:00 ada entered")
    story.send("10:01")
    story.read("10:30", "10:00 ada left (never: row 1)", "10:00 ada entered (never: row 2)")
    assert story.send("10:30") == ["not ada 10:00", "ada 10:00"]
    assert len({one.delivery_id for one in story.received}) == 3
    story.read("10:40", "10:00 ada left (never: row 3)")
    assert story.send("10:40") == ["not ada 10:00"]
    assert story.received[-1].retracts == story.received[-2].delivery_id


def test_what_happened_after_all_and_then_did_not_is_retracted_by_either_row(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:01", "10:00 ada entered", "10:00 ada left (never: row 1)", "10:00 ada entered (never: row 2)")
    assert story.send("10:01") == ["ada 10:00"]
    story.read("10:30", "10:00 ada left (never: row 1)")
    assert story.send("10:30") == ["not ada 10:00"]
    story.read("10:40", "10:00 ada entered (never: row 4)")
    assert story.send("10:40") == ["ada 10:00"]


def test_who_left_during_the_wait_and_had_never_entered_is_not_told_of_once_the_leaving_is_taken_back(
    tmp_path: Path,
) -> None:
    story = a_story(tmp_path, wait="1 hour")
    story.read("10:20", "10:00 ada entered", "10:20 ada left")
    story.read("10:30", "10:00 ada left (never: row 1)", "10:20 ada entered (never: row 2)")
    assert story.send("23:00") == []


def test_whoever_never_left_is_told_of_when_the_wait_is_over(tmp_path: Path) -> None:
    story = a_story(tmp_path, wait="1 hour")
    story.read("10:20", "10:00 ada entered", "10:20 ada left")
    story.read("10:40", "10:20 ada entered (never: row 2)")
    assert story.send("10:59") == []
    assert story.send("11:00") == ["ada 10:00"]


def test_a_leaving_that_never_was_is_no_entering(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:01", "10:00 ada entered")
    story.send("10:01")
    story.read("11:00", "10:30 ada left")
    story.read("11:01", "10:30 ada entered (never: row 2)")
    assert story.send("11:01") == []


def test_a_moment_that_was_wrong_is_taken_back_and_told_anew(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:01", "10:00 ada entered")
    story.send("10:01")
    story.read("10:30", "10:00 ada left (never: row 1)", "09:00 ada entered")
    assert story.send("10:30") == ["ada 09:00", "not ada 10:00"]


def test_once_a_day_is_enough(tmp_path: Path) -> None:
    story = a_story(tmp_path, at_most={"times": 1, "every": "10 hours"})
    story.read("08:00", "08:00 ada entered", "08:00 bob entered")
    assert story.send("08:00") == ["ada 08:00", "bob 08:00"]
    story.read("17:59", "17:00 ada left", "17:59 ada entered")
    assert story.send("17:59") == []
    story.read("18:00", "18:00 ada left", "18:00 ada entered")
    assert story.send("18:00") == ["ada 18:00"]
    assert story.states[2:] == ["ada 17:59 capped", "ada 18:00 delivered"]


def test_a_cap_counts_what_arrived_when_it_arrived(tmp_path: Path) -> None:
    story = a_story(tmp_path, at_most={"times": 1, "every": "10 hours"})
    story.read("08:00", "08:00 ada entered")
    assert story.send("08:00", 503) == ["ada 08:00"]
    story.read("12:00", "11:00 ada left", "12:00 ada entered")
    assert story.send("12:00", 503) == ["ada 08:00"], "of one person the first goes first"
    assert story.send("15:00") == ["ada 08:00"]
    assert story.send("23:59") == []
    assert story.states == ["ada 08:00 delivered", "ada 12:00 capped"]


def test_a_cap_does_not_count_what_was_never_sent_and_holds_back_no_retraction(tmp_path: Path) -> None:
    story = a_story(tmp_path, wait="1 hour", at_most={"times": 1, "every": "10 hours"})
    story.read("10:30", "10:00 ada entered", "10:30 ada left")
    story.read("10:40", "10:40 ada entered")
    assert story.send("12:00") == ["ada 10:40"]
    story.read("12:30", "10:40 ada left (never: row 3)")
    assert story.send("12:30") == ["not ada 10:40"]


def test_one_person_gets_to_know_of_things_in_their_order_and_holds_up_nobody_else(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:03", "10:00 ada entered", "10:01 bob entered", "10:01 ada left", "10:02 ada entered")
    assert story.send("10:03", 500, 204) == ["ada 10:00", "bob 10:01"]
    assert story.send("10:04") == ["ada 10:00", "ada 10:02"]


def test_a_letter_that_nobody_takes_is_dead_in_the_end_and_lets_the_next_go(tmp_path: Path) -> None:
    story = a_story(tmp_path)
    story.read("10:03", "10:00 ada entered", "10:01 ada left", "10:02 ada entered")
    now, attempts = at("10:03"), 0
    while story.states[0].endswith("waiting"):
        attempts += len(story.deliver(now, 500))
        now += SECOND if attempts == 1 else HOUR // 2
    assert attempts == len(RETRIES) + 2, "ten attempts of the first, and one of the next"
    assert story.states == ["ada 10:00 dead", "ada 10:02 waiting"]
    assert isinstance(story.ledger, Ledger)
    assert story.ledger.retry((), now) == 1
    assert story.deliver(now + DAY) == ["ada 10:00", "ada 10:02"]


@pytest.mark.parametrize(
    ("attempts", "wait"), list(enumerate(["5 s", "5 min", "30 min", "2 h", "5 h", "10 h", "14 h", "20 h", "24 h"]))
)
def test_attempts_come_less_and_less_often(attempts: int, wait: str) -> None:
    number, unit = wait.split()
    after = answered(a_delivery(attempts=attempts), Answer(500, "answered 500"), now=NOW)
    assert after.state is State.WAITING
    assert after.next_attempt_at - NOW == int(number) * {"s": SECOND, "min": MINUTE, "h": HOUR}[unit]


def test_the_tenth_failure_is_the_last() -> None:
    assert answered(a_delivery(attempts=9), Answer(None, "no connection"), now=NOW).state is State.DEAD


@given(st.lists(st.integers(0, 50)), st.integers(1, 3), st.integers(1, 20))
def test_no_stretch_of_time_holds_more_than_a_cap_allows(wished: list[int], times: int, every: int) -> None:
    delivered: list[int] = []
    for now in sorted(wished):
        if not is_capped(Cap(times, every), delivered, now):
            delivered.append(now)
    for end in range(75):
        assert sum(end - every < one <= end for one in delivered) <= times


@st.composite
def membership_logs(draw: st.DrawFn) -> list[LoggedChange]:
    """Logs of a few people who enter, leave and are corrected: of the rows about them the last, or one that counts."""
    log: list[LoggedChange] = []
    for index in range(1, draw(st.integers(1, 26))):
        person = draw(st.sampled_from(["ada", "bob", "cid"]))
        its = [one for one in log if one.person_id == person]
        wrong = its[-1:] + [one for one in its if one.corrects is None and one.seq not in never(log)][-1:]
        if wrong and draw(st.integers(0, 1)) == 1:
            one = draw(st.sampled_from(wrong))
            opposite: Change = "left" if one.change == "entered" else "entered"
            log.append(LoggedChange(index, "keen", 1, person, opposite, one.effective_at, "history", one.seq))
        else:
            change: Change = "left" if its and its[-1].change == "entered" else "entered"
            log.append(LoggedChange(index, "keen", 1, person, change, NOW + index * MINUTE, "rule"))
    return log


@given(membership_logs(), st.sampled_from(["enters", "leaves"]), st.data())
def test_in_the_end_a_receiver_knows_what_the_log_says_however_it_was_told(
    log: list[LoggedChange], when: str, data: st.DataObject
) -> None:
    """A receiver that forgets what is retracted, and keeps the first of each id, knows which changes stand."""
    story = Story(a_journey(when={when: "keen"}), ListLedger())
    now, left = NOW, list(log)
    while left:
        size = data.draw(st.integers(1, 10))
        now += HOUR
        story.take(now, left[:size])
        left = left[size:]
        if data.draw(st.booleans()):
            story.deliver(now, *data.draw(st.lists(st.sampled_from([204, 500]), max_size=3)), 204)
    story.deliver(now + 2 * DAY)
    known = {one.delivery_id: one for one in story.received if one.retracts is None}
    for one in story.received:
        known.pop(one.retracts or "", None)
    found = sorted((one.person_id, one.effective_at) for one in known.values())
    assert found == standing(log, "entered" if when == "enters" else "left")


@settings(max_examples=scaled(10))
@given(membership_logs(), st.lists(st.sampled_from([204, 500]), max_size=20))
def test_the_ledger_does_what_a_list_does(log: list[LoggedChange], statuses: list[int]) -> None:
    journey = a_journey(wait="5 minutes", at_most={"times": 1, "every": "10 minutes"})
    with TemporaryDirectory() as folder:
        stories = [Story(journey, ListLedger()), Story(journey, Ledger(Store(Path(folder) / "state.sqlite")))]
        for story in stories:
            for index in range(0, len(log), 5):
                story.take(NOW + index * MINUTE, log[index : index + 5])
                story.deliver(NOW + index * MINUTE, *statuses[index:], 204)
        first, second = stories
        assert first.received == second.received
        assert first.states == second.states
