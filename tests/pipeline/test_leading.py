"""Several project folders on one topic: one leads, another takes over, and whoever comes too late changes nothing."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from live_desk import SETTLING, LiveDesk, logged, stored

from brokers import Broker, declare, noida
from kohort.clock import HOUR, SECOND, Moment
from kohort.errors import CorruptionError, FollowingError
from kohort.pipeline.live.keeping import LiveMemberships
from kohort.pipeline.projecting.leading import Standing, term_in_force
from kohort.project import Project
from kohort.storage.frames import RecordKind
from kohort.storage.kafka.journal import KafkaJournal
from kohort.storage.recent import RecentRecords
from kohort.testing.clock import SettableClock
from small_shop import KILL_CYCLES, NOW, tables_of

SEGMENTS = {
    "recent": "did visit in last 60 seconds",
    "often": "count of visit in last 10 minutes >= 3",
    "abandoned": "did cart in last 10 minutes then not order within 90 seconds",
    "ahead": "count of visit > mean",
}


class Turn:
    """A place in the queue for the lead, as a test moves it."""

    patience, turns = 10 * SECOND, 0

    def __init__(self) -> None:
        self.is_first, self.turn = False, 0

    def take(self) -> None:
        """Become the first; whoever was it has not noticed yet."""
        Turn.turns += 1
        self.is_first, self.turn = True, Turn.turns

    def close(self) -> None:
        """Nothing to leave."""


class Folder(LiveDesk):
    """A project folder of its own, on a topic that others share, and an engine that works in it."""

    def __init__(self, place: Path, broker: Broker, topic: str, clock: SettableClock) -> None:
        super().__init__(place, **SEGMENTS)
        declare(self.project.folder.path, broker)
        settings = self.project.folder.settings
        document = json.loads(settings.read_text())
        document["kafka"]["journal"]["topic"] = topic
        settings.write_text(json.dumps(document))
        self.clock, self.turn, self._prefix = clock, Turn(), place.name
        self.start()

    def start(self) -> None:
        """Begin as a new process does, which knows nothing but the folder."""
        self.project = Project(self.project.folder.path, clock=self.clock)
        self.live, self.standing = LiveMemberships(), Standing(self.project._holder, self.turn)

    def step(self, *, after: int = 0) -> None:
        """As the engine: what fails is tried again at the next step."""
        self.clock.advance(after)
        try:
            self.project.keep_up(self.live, self.standing)
        except CorruptionError:
            # After a new beginning the log may lack what is taken back; then there is another beginning.
            self.project.keep_up(self.live, self.standing)

    @property
    def leads(self) -> bool:
        return self.standing.term > 0

    @property
    def terms(self) -> int:
        return self.project._workspace().tables.count("terms")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with noida(tmp_path_factory.mktemp("noida")) as running:
        yield running


@pytest.fixture
def pair(broker: Broker, tmp_path: Path) -> tuple[Folder, Folder]:
    """Two folders on one topic; the first has begun to lead, and has run."""
    clock = SettableClock(NOW - HOUR)
    one, other = (Folder(tmp_path / name, broker, f"{tmp_path.name}", clock) for name in ("one", "other"))
    one.journal = other.journal = one.project.open_journal()  # type: ignore[assignment]
    one.receive(*({"event": event, "userId": "u0"} for event in ("Visit", "Cart", "Order")))
    one.turn.take()
    one.step()
    one.run()
    other.step()
    clock.moment = NOW
    return one, other


def check(folders: Sequence[Folder]) -> None:
    """What the folders hold is the same, is what a run finds, and is made anew the same."""
    leader, *others = sorted(folders, key=lambda one: one.turn.turn, reverse=True)
    for one in others:
        one.turn.is_first = False
    for after in (HOUR, 0, SETTLING + SECOND):  # far from any deadline
        for one in (leader, *others):
            one.step(after=after)
    assert [one.leads for one in (leader, *others)] == [True, *(False for _ in others)]
    for one in others:
        one.step()
    now = leader.clock.now()
    for name in SEGMENTS:
        kept, anew = (leader.project.members(name, at).column("person_id").to_pylist() for at in (None, now))
        assert sorted(kept) == sorted(anew), name
    assert logged(leader) == stored(leader), "the log says what the memberships are"
    held = ignoring_files(leader)
    for one in folders:
        assert ignoring_files(one) == held
        one.project.rebuild()
        assert ignoring_files(one) == held


def ignoring_files(one: Folder) -> object:
    """All tables but `memberships`, which is written now and then; what it says by now stands for it."""
    return {name: rows for name, rows in tables_of(one.project).items() if name != "memberships"}, stored(one)


def test_one_leads_and_the_other_follows_and_takes_over(pair: tuple[Folder, Folder]) -> None:
    one, other = pair
    assert (one.leads, other.leads) == (True, False)
    one.receive({"event": "Visit", "userId": "ada"})
    for _ in range(2):
        one.step(after=SECOND)
        other.step()
    assert other.inside("recent") == one.inside("recent") == ["ada"]
    other.receive({"event": "Visit", "userId": "bob"})
    other.step()
    assert other.inside("recent") == ["ada"], "who follows concludes nothing"
    other.turn.take()
    other.step()
    assert other.leads
    other.step(after=SETTLING)
    assert other.inside("recent") == ["ada", "bob"]
    one.step()
    assert not one.leads
    assert one.inside("recent") == ["ada", "bob"]
    check(pair)
    assert other.terms == 2


@pytest.mark.slow
def test_commands_are_for_the_folder_that_leads(pair: tuple[Folder, Folder]) -> None:
    one, other = pair
    with pytest.raises(FollowingError, match=r"the engine on .* leads \(since record \d+ of the journal\)"):
        other.run()
    one.run()
    other.turn.take()
    other.step()
    with pytest.raises(FollowingError, match="has to be done there"):
        one.project.merge_people("u0", "u1")
    other.run(apply=True)
    check(pair)


@pytest.mark.slow
def test_a_command_that_lost_the_lead_while_it_ran_says_so_and_changes_nothing(pair: tuple[Folder, Folder]) -> None:
    one, other = pair
    one.clock.advance(HOUR)
    other.turn.take()
    running = one.project.run()
    while next(running).step != "quality":
        pass
    other.step()
    with pytest.raises(FollowingError, match="what it would have recorded since does not count"):
        list(running)
    one.step()
    check(pair)
    steps = one.project.sql("SELECT step FROM runs ORDER BY seq").column("step").to_pylist()
    assert steps == ["quality", "segments", "quality"]


@pytest.mark.slow
def test_an_engine_that_starts_again_goes_on_leading(pair: tuple[Folder, Folder]) -> None:
    one, other = pair
    one.turn.is_first = False
    one.start()
    one.step()
    other.step()
    assert (one.leads, other.leads) == (True, False)
    check(pair)


@pytest.mark.slow
def test_a_first_that_was_displaced_waits_until_it_must_have_noticed_and_then_leads_again(
    pair: tuple[Folder, Folder],
) -> None:
    one, other = pair
    other.turn.take()
    other.step()
    for after in (0, 9 * SECOND):
        one.step(after=after)
        assert not one.leads, "it still believes that it is its turn"
    one.step(after=SECOND)
    assert one.leads
    check(pair)


@pytest.mark.slow
def test_files_that_records_speak_of_come_with_the_journal(pair: tuple[Folder, Folder]) -> None:
    one, other = pair
    score = "scores: [{name: rfm, kind: rfm, event: visit, value: total}]"
    (one.project.folder.path / "scores" / "rfm.yaml").write_text(score)
    one.receive(*({"event": "Visit", "userId": f"u{n}", "properties": {"total": n}} for n in range(5)))
    one.step()
    one.run()
    other.step()
    names = [sorted(path.name for path in desk.project.folder.scores.iterdir()) for desk in pair]
    assert names[0] == names[1] != []
    check(pair)


@pytest.mark.slow
def test_what_does_not_count_is_streamed_by_nobody(
    pair: tuple[Folder, Folder], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    one.receive({"event": "Visit", "userId": "ada"})
    one.step(after=SECOND)
    late = one.project.open_journal()
    late.term = one.standing.term
    said = [record.body for record in late.read(after=0) if record.kind == "changes"]
    other.turn.take()
    other.step()
    number = late.append("changes", said, recorded_at=one.clock.now())
    told: list[int] = []
    monkeypatch.setattr(RecentRecords, "add", lambda _, record, __: told.append(record.seq))
    for desk in (*pair, *pair):
        desk.receive({"event": "Visit", "userId": "bob"})
        desk.step(after=SECOND)
        assert desk.project.sql(f"SELECT * FROM membership_updates WHERE seq = {number}").num_rows == 0
    assert told, "what counts is streamed"
    assert number not in told


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KILL_CYCLES // 3))
def test_whoever_comes_too_late_changes_nothing(
    pair: tuple[Folder, Folder], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = random.Random(seed)  # noqa: S311 - no secret
    append, paused = KafkaJournal.append, [False]

    def late(journal: KafkaJournal, kind: RecordKind, bodies: Sequence[bytes], *, recorded_at: Moment) -> int:
        """Append; but now and then, just before, the process stands still, and the other folder takes over."""
        if kind in {"changes", "plan", "segments", "epoch"} and not paused[0] and chosen.random() < 0.6:
            (other,) = [one for one in pair if one.project._journal is not journal]
            paused[0] = True
            other.turn.take()
            other.step(after=chosen.randrange(3) * SECOND)
            paused[0] = False
        return append(journal, kind, bodies, recorded_at=recorded_at)

    monkeypatch.setattr(KafkaJournal, "append", late)
    for number in range(30):
        now = pair[0].clock.now() - NOW
        for _ in range(chosen.randrange(4)):
            who, at = f"u{chosen.randrange(6)}", now - chosen.choice([0, 0, 1, 30, 200]) * SECOND
            event = {"event": chosen.choice(["Visit", "Cart", "Order"]), "userId": who, "at": at}
            login = {"type": "identify", "userId": who, "anonymousId": f"a{chosen.randrange(6)}", "at": at}
            pair[0].receive(chosen.choice([event, event, event, login]))
        working = chosen.choice(pair)
        if chosen.random() < 0.1:
            working.start()
        working.step(after=chosen.randrange(20) * SECOND)
        if number % 15 == 14 and working.leads:
            with suppress(FollowingError):
                working.run()
    monkeypatch.setattr(KafkaJournal, "append", append)
    said = [one for one in pair[0].project._workspace().journal.read(after=0) if one.kind == "changes"]
    counted = pair[0].project.sql("SELECT seq FROM membership_updates").num_rows
    check(pair)
    assert counted < len(said), "some came too late"
    assert term_in_force(pair[0].project._workspace().tables).seq > 0
