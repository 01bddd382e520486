"""Journeys end to end: from events over rules to a real receiver, on a clock that the test sets."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from kohort.activation.deliveries import State
from kohort.cli.main import run_command
from kohort.clock import DAY, HOUR, MINUTE, SECOND, SystemClock, parse_moment
from kohort.collection.webhooks.signing import doubt_of
from kohort.definitions.signatures import SCHEMES
from kohort.errors import DefinitionError, LockedError, ProjectError, UnknownNameError
from kohort.pipeline.live.keeping import LiveMemberships
from kohort.project import Project
from kohort.storage.lock import write_lock
from kohort.storage.state import State as Store
from kohort.testing.clock import SettableClock
from small_shop import NOW, UTC, iso
from webhook_receiver import KEY, SECRET, Receiver, free_port, kinds, receiving

TRACKING = """\
events:
  email_opened: {properties: {promotion: text}}
  product_viewed: {}
"""
HIGH_INTEREST = """\
segments:
  - name: high_interest
    where: did email_opened where promotion = "spring" within the last 3 days then product_viewed within 1 day
"""
JOURNEY = """\
version: 1
name: {name}
when: {{enters: high_interest}}
{more}
webhook: {{url: "{url}", secret: {{env: OFFER_SECRET}}, allow_private: true}}
"""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("OFFER_SECRET", SECRET)
    with receiving() as found:
        yield found


class Shop:
    """A shop whose people open e-mails and look at products, with the segment of those who did so in this order."""

    def __init__(self, project: Project, clock: SettableClock, folder: Path) -> None:
        self.project, self.clock, self._folder = project, clock, folder
        self._number = 0
        path = project.folder.path
        (path / "tracking.yaml").write_text(TRACKING)
        (path / "segments" / "reference.yaml").write_text(HIGH_INTEREST)
        (path / "journeys").mkdir()

    def declare(self, url: str, name: str = "offer", more: str = "") -> Path:
        path = self.project.folder.path / "journeys" / f"{name}.yaml"
        path.write_text(JOURNEY.format(name=name, url=url, more=more))
        return path

    def event(self, name: str, person: str, ago: int = 0, **properties: object) -> dict[str, object]:
        self._number += 1
        return {
            "type": "track", "event": name, "userId": person, "messageId": f"m{self._number}",
            "timestamp": iso(self.clock.now() - ago), "properties": properties,
        }  # fmt: skip

    def interest(self, *people: str, ago: int = 0) -> None:
        """Have people open the e-mail of the promotion, and look at a product a minute later."""
        events = []
        for one in people:
            events.append(self.event("Email Opened", one, ago + MINUTE, promotion="spring"))
            events.append(self.event("Product Viewed", one, ago))
        self.tell(*events)

    def tell(self, *events: dict[str, object]) -> None:
        path = self._folder / "events.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in events))
        self.project.ingest(path)

    def run(self) -> dict[str, int]:
        """Evaluate the segments, and deliver."""
        list(self.project.run())
        return dict(self.project.deliver())

    def states(self) -> list[str]:
        listed = sorted(self.project.deliveries(), key=lambda one: (one.journey, one.seq))
        return [f"{one.user_id} {one.state}" for one in listed]


@pytest.fixture
def interested(shop: Project, clock: SettableClock, tmp_path: Path) -> Shop:
    return Shop(shop, clock, tmp_path)


def test_opened_the_mail_then_viewed_a_product_is_told_within_a_day_and_once_a_week_at_most(
    interested: Shop, receiver: Receiver
) -> None:
    interested.declare(receiver.url, more="wait: 1 hour\nat_most: {times: 1, every: 7 days}")
    interested.run()
    interested.clock.advance(10 * HOUR)
    interested.tell(
        interested.event("Email Opened", "ada", 10 * MINUTE, promotion="spring"),
        interested.event("Product Viewed", "ada", 5 * MINUTE),
        interested.event("Product Viewed", "bob", 10 * MINUTE),
        interested.event("Email Opened", "bob", 5 * MINUTE, promotion="spring"),
        interested.event("Email Opened", "cid", 10 * MINUTE, promotion="winter"),
        interested.event("Product Viewed", "cid", 5 * MINUTE),
    )
    interested.run()
    assert receiver.received == [], "the hour is not over"
    interested.clock.advance(55 * MINUTE)
    interested.run()
    (one,) = receiver.received
    assert (one.kind, one.data["user_id"], one.data["segment"]) == ("membership.entered", "ada", "high_interest")
    assert doubt_of(SCHEMES["standard-webhooks"], [KEY], one.headers, one.body, interested.clock.now()) is None
    entered = parse_moment(str(one.data["effective_at"]), UTC)
    assert entered == NOW + 10 * HOUR - 5 * MINUTE
    assert int(one.headers["webhook-timestamp"]) * SECOND - entered <= DAY

    interested.clock.advance(5 * DAY)
    interested.interest("ada", "dan", ago=2 * HOUR)
    interested.run()
    assert [two.data["user_id"] for two in receiver.received] == ["ada", "dan"], "of Ada within the week no more"
    interested.clock.advance(4 * DAY)
    interested.interest("ada", "dan", ago=2 * HOUR)
    interested.run()
    assert [two.data["user_id"] for two in receiver.received] == ["ada", "dan", "ada"]
    assert interested.states() == ["ada delivered", "ada capped", "dan delivered", "ada delivered", "dan capped"]


@pytest.fixture
def subscribed(interested: Shop, receiver: Receiver) -> Shop:
    """The shop, with a segment that an event which comes late can undo, and a journey for it that has begun."""
    rule = "did email_opened in last 3 days and not did unsubscribed in last 30 days"
    (interested.project.folder.path / "segments" / "reference.yaml").write_text(
        f"segments: [{{name: high_interest, where: {rule}}}]"
    )
    tracking = interested.project.folder.tracking
    tracking.write_text(tracking.read_text() + "  unsubscribed: {}\n")
    interested.declare(receiver.url)
    interested.run()
    return interested


def test_a_late_event_that_undoes_an_entering_retracts_it(subscribed: Shop, receiver: Receiver) -> None:
    subscribed.clock.advance(HOUR)
    subscribed.tell(subscribed.event("Email Opened", "ada"))
    subscribed.run()
    subscribed.clock.advance(HOUR)
    subscribed.tell(subscribed.event("Unsubscribed", "ada", 90 * MINUTE))
    subscribed.run()
    entered, retracted = receiver.received
    assert kinds(receiver.received) == ["membership.entered", "membership.retracted"]
    assert retracted.data["retracts"] == entered.webhook_id
    assert retracted.data["user_id"] == "ada"


@pytest.mark.slow
def test_live_memberships_are_told_and_taken_back_within_seconds(subscribed: Shop, receiver: Receiver) -> None:
    project, live = subscribed.project, LiveMemberships()

    def step(after: int) -> list[str]:
        subscribed.clock.advance(after)
        project.keep_up(live)
        before = len(receiver.received)
        project.deliver()
        return kinds(receiver.received[before:])

    step(0)
    subscribed.clock.advance(HOUR)
    subscribed.tell(subscribed.event("Email Opened", "ada"), subscribed.event("Email Opened", "bob"))
    assert step(11 * SECOND) == ["membership.entered", "membership.entered"]
    subscribed.tell(subscribed.event("Unsubscribed", "ada", MINUTE))
    assert step(11 * SECOND) == ["membership.retracted"]
    assert receiver.received[-1].data["user_id"] == "ada"
    assert step(4 * DAY) == [], "leaving is no concern of this journey's"
    project.rebuild()
    assert step(DAY) == []


@pytest.mark.slow
def test_a_receiver_that_was_down_for_two_days_gets_everything_once(
    interested: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFER_SECRET", SECRET)
    port = free_port()
    interested.declare(f"http://localhost:{port}/hook")
    interested.run()
    people = [f"p{number}" for number in range(5)]
    for hour in range(48):
        interested.clock.advance(HOUR)
        if hour % 10 == 0:
            interested.interest(people[hour // 10])
            list(interested.project.run())
        assert not interested.project.deliver().get("delivered")
    assert interested.states() == [f"{one} waiting" for one in people]
    with receiving(port=port) as receiver:
        for _ in range(25):
            interested.clock.advance(HOUR)
            interested.project.deliver()
        assert sorted(str(one.data["user_id"]) for one in receiver.received) == people
        assert len(set(receiver.ids)) == len(people)
    assert interested.states() == [f"{one} delivered" for one in people]


class Interrupted(Exception):  # noqa: N818 - it stands for a power cut, not for an error
    """The process ends here."""


@pytest.mark.slow
@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_an_interruption_at_any_commit_repeats_at_most_what_was_under_way(
    interested: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    interested.declare(receiver.url)
    interested.run()
    real, interruptions = Store.writing, 0
    for stop in range(1, 20):
        interested.clock.advance(HOUR)
        interested.interest(f"a{stop}", f"b{stop}")
        list(interested.project.run())
        count = 0

        @contextmanager
        def failing(self: Store, stop: int = stop) -> Iterator[sa.Connection]:
            nonlocal count
            count += 1
            if count == stop and not committed:
                raise Interrupted
            with real(self) as connection:
                yield connection
            if count == stop:
                raise Interrupted

        with monkeypatch.context() as patched:
            patched.setattr(Store, "writing", failing)
            try:
                interested.project.deliver()
            except Interrupted:
                interruptions += 1
            else:
                break
        interested.project.deliver()
        assert set(interested.states()) == {f"{kind}{n} delivered" for kind in "ab" for n in range(1, stop + 1)}
    assert interruptions >= 4, "what is new, what was forgotten, what is under way, what came of it"
    people = {str(one.data["user_id"]) for one in receiver.received}
    assert len(set(receiver.ids)) == len(people) == 2 * (interruptions + 1), "one person, one id"


@pytest.mark.slow
def test_a_receiver_that_hangs_holds_up_no_other(interested: Shop, receiver: Receiver) -> None:
    with receiving() as hanging:
        hanging.hold.clear()
        interested.declare(hanging.url, name="first")
        interested.declare(receiver.url, name="second")
        interested.run()
        interested.clock.advance(HOUR)
        interested.interest(*[f"p{number}" for number in range(40)])
        list(interested.project.run())
        told: set[tuple[str, str]] = set()
        with interested.project.delivering(lambda journey, state, _: told.add((journey, state))) as deliverer:
            deliverer.step()
            while len(receiver.received) < 40:
                time.sleep(0.01)
            interested.clock.advance(MINUTE)
            interested.interest("late")
            list(interested.project.run())
            while len(receiver.received) < 41:
                deliverer.step()
                time.sleep(0.01)
            assert ("first", "delivered") not in told
            hanging.hold.set()
            deliverer.wait()
    assert {str(one.data["user_id"]) for one in hanging.received} >= {f"p{number}" for number in range(40)}


def test_a_journey_begins_when_it_is_first_seen(interested: Shop, receiver: Receiver) -> None:
    interested.clock.advance(HOUR)
    interested.interest("ada")
    interested.run()
    interested.declare(receiver.url)
    interested.run()
    interested.clock.advance(HOUR)
    interested.interest("bob")
    interested.interest("cid", ago=90 * MINUTE)
    interested.run()
    assert [one.data["user_id"] for one in receiver.received] == ["bob"], "Cid did it before, though it is known now"


@pytest.mark.slow
def test_a_journey_that_was_taken_out_goes_on_where_it_stopped(interested: Shop, receiver: Receiver) -> None:
    path = interested.declare(receiver.url, more="wait: 2 hours")
    interested.run()
    interested.clock.advance(HOUR)
    interested.interest("ada")
    interested.run()
    text = path.read_text()
    path.unlink()
    interested.clock.advance(3 * HOUR)
    interested.interest("bob", ago=2 * HOUR)
    assert interested.run() == {}
    path.write_text(text)
    interested.run()
    assert sorted(str(one.data["user_id"]) for one in receiver.received) == ["ada", "bob"]


@pytest.mark.slow
def test_the_same_again_after_the_tables_were_made_anew_is_not_told(interested: Shop, receiver: Receiver) -> None:
    interested.declare(receiver.url)
    interested.run()
    interested.clock.advance(HOUR)
    interested.interest("ada")
    interested.run()
    interested.project.rebuild()
    interested.run()
    assert len(receiver.received) == 1


@pytest.mark.slow
def test_who_wants_nothing_more_gets_nothing_more_until_there_is_another_address(
    interested: Shop, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.answer(410)
    interested.declare(receiver.url)
    interested.run()
    interested.clock.advance(HOUR)
    interested.interest("ada")
    interested.run()
    interested.clock.advance(HOUR)
    interested.interest("bob")
    interested.run()
    assert len(receiver.received) == 1
    assert interested.states() == ["ada dead", "bob dead"]
    receiver.answer(204)
    interested.declare(receiver.url + "&new=1")
    interested.clock.advance(HOUR)
    interested.interest("cid")
    interested.run()
    assert interested.states() == ["ada dead", "bob dead", "cid delivered"]
    project = str(interested.project.folder.path)
    assert run_command(["deliveries", "--dead", "--format", "json", "--project", project]) == 0
    dead = json.loads(capsys.readouterr().out)
    assert [(one["user_id"], one["status"]) for one in dead] == [("bob", None), ("ada", 410)]
    assert "it answered 410" in dead[0]["reason"]
    assert run_command(["deliveries", "retry", dead[1]["delivery_id"], "--project", project]) == 0
    # Commands go by the machine's clock.
    interested.clock.moment = SystemClock().now() + DAY
    assert interested.project.deliver() == {"delivered": 1}
    assert run_command(["deliveries", "retry", "--project", project]) == 0
    assert "1 to be sent again" in capsys.readouterr().out
    interested.clock.advance(DAY)
    interested.project.deliver()
    assert interested.states() == ["ada delivered", "bob delivered", "cid delivered"]
    assert receiver.ids.count(receiver.ids[0]) == 2, "the same id as at first"
    assert run_command(["deliveries", "retry", "msg_0", "--project", project]) == UnknownNameError.exit_code


def test_run_delivers_and_status_tells_of_it(
    interested: Shop, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    project = str(interested.project.folder.path)
    assert run_command(["status", "--project", project]) == 0
    assert "deliveries" not in capsys.readouterr().out
    assert not interested.project.folder.state.exists(), "without journeys there is no ledger"
    interested.declare(receiver.url)
    interested.run()
    interested.clock.advance(HOUR)
    interested.interest("ada")
    interested.run()
    assert run_command(["status", "--project", project]) == 0
    assert "deliveries delivered" in capsys.readouterr().out
    assert run_command(["run", "--project", project, "--format", "json"]) == 0
    steps = {one["step"]: one for one in json.loads(capsys.readouterr().out)}
    assert steps["deliveries"] == {"step": "deliveries", "state": "done", "detail": "nothing was due"}
    with write_lock(interested.project.folder.delivering):
        assert run_command(["run", "--project", project, "--format", "json"]) == 0
        steps = {one["step"]: one for one in json.loads(capsys.readouterr().out)}
        assert steps["deliveries"]["detail"] == "a server delivers"
        with pytest.raises(LockedError):
            interested.project.deliver()


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("high_interest", "high_intrest", UnknownNameError, 'did you mean "high_interest"'),
        ("OFFER_SECRET", "KOHORT_NOT_SET", ProjectError, "KOHORT_NOT_SET is not set"),
        ("version: 1", "version: 3", DefinitionError, "reads version 1, not 3"),
    ],
)
def test_a_wrong_journey_is_told_and_sends_nothing(
    interested: Shop, receiver: Receiver, old: str, new: str, error: type[Exception], said: str
) -> None:
    path = interested.declare(receiver.url)
    list(interested.project.run())
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(error, match=said):
        interested.project.deliver()


def test_a_segment_file_that_is_wrong_keeps_nothing_from_being_delivered(interested: Shop, receiver: Receiver) -> None:
    interested.declare(receiver.url, more="wait: 1 hour")
    interested.run()
    interested.clock.advance(HOUR)
    interested.interest("ada")
    interested.run()
    (interested.project.folder.path / "segments" / "draft.yaml").write_text("segments: {")
    interested.clock.advance(HOUR)
    assert interested.project.deliver() == {"delivered": 1}


def test_a_name_is_one_journeys(interested: Shop, receiver: Receiver) -> None:
    path = interested.declare(receiver.url)
    path.with_name("other.yaml").write_text(path.read_text())
    with pytest.raises(DefinitionError, match=r'journeys/other\.yaml: "offer" is the name of journeys/offer\.yaml too'):
        interested.project.deliver()


@pytest.mark.slow
def test_what_is_settled_is_forgotten_in_the_end_and_dead_letters_are_not(interested: Shop, receiver: Receiver) -> None:
    interested.declare(receiver.url)
    interested.run()
    receiver.answer(204, 410)
    for one in ("ada", "bob"):
        interested.clock.advance(HOUR)
        interested.interest(one)
        interested.run()
    assert interested.states() == ["ada delivered", "bob dead"]
    interested.clock.advance(91 * DAY)
    interested.interest("cid")
    interested.run()
    assert interested.states() == ["bob dead", "cid dead"]
    assert [one.user_id for one in interested.project.deliveries([State.DEAD])] == ["cid", "bob"]
