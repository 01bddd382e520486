"""Memberships kept up live: entered and left as it happens, whatever comes late, merges, restarts and runs between."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from live_desk import LiveDesk

from kohort.clock import DAY, HOUR, MINUTE, SECOND
from kohort.pipeline.live import keeping
from kohort.pipeline.projecting import projection
from kohort.storage import tables as storage
from kohort.storage.tables import Tables
from small_shop import NOW, tables_of

VISIT = {"event": "Visit"}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with two segments, one visitor and a first run."""
    folder = tmp_path_factory.mktemp("begun")
    desk = LiveDesk(folder, recent="did visit in last 60 seconds", visitors="did visit")
    desk.clock.moment = NOW - HOUR
    desk.receive(VISIT | {"userId": "ada", "at": -DAY})
    desk.step()
    desk.run()
    desk.step()
    desk.step(after=HOUR)
    assert desk.log() == ["visitors ada entered -86400"]
    return folder / "shop"


@pytest.fixture
def desk(begun: Path, tmp_path: Path) -> LiveDesk:
    """A copy of that shop, kept live."""
    desk = LiveDesk.again(shutil.copytree(begun, tmp_path / "shop"), NOW, "m")
    desk.step()
    return desk


def test_whoever_does_something_enters_at_that_moment_and_leaves_by_time_alone(desk: LiveDesk) -> None:
    desk.clock.advance(5 * SECOND)
    desk.receive(VISIT | {"userId": "ada", "at": 3 * SECOND}, VISIT | {"userId": "bob"})
    desk.step(after=SECOND)
    assert desk.log()[1:] == ["recent ada entered 3", "recent bob entered 5", "visitors bob entered 5"]
    assert desk.inside("recent") == ["ada", "bob"]
    desk.step(after=57 * SECOND)
    assert desk.inside("recent") == ["ada", "bob"], "the deadline has passed by nothing; it settles"
    desk.step(after=10 * SECOND)
    assert desk.log()[4:] == ["recent ada left 63"]
    desk.step(after=2 * SECOND)
    assert desk.log()[5:] == ["recent bob left 65"]


def test_a_deadline_that_is_undone_while_it_settles_never_was(desk: LiveDesk) -> None:
    desk.receive(VISIT | {"userId": "ada"})
    desk.step()
    desk.step(after=65 * SECOND)
    desk.receive(VISIT | {"userId": "ada", "at": 58 * SECOND})
    desk.step(after=20 * SECOND)
    assert desk.log()[1:] == ["recent ada entered 0"]


def test_what_is_undone_later_is_corrected_by_its_id(desk: LiveDesk) -> None:
    desk.receive(VISIT | {"userId": "ada"})
    desk.step()
    desk.step(after=2 * MINUTE)
    assert desk.log()[1:] == ["recent ada entered 0", "recent ada left 60"]
    desk.receive(VISIT | {"userId": "ada", "at": 50 * SECOND})
    desk.step(after=SECOND)
    assert desk.log()[3:] == ["recent ada entered 60 history corrects 2", "recent ada left 110 history"]


def test_what_was_said_before_the_clock_was_set_back_does_not_come_again(desk: LiveDesk) -> None:
    desk.receive(VISIT | {"userId": "ada"})
    desk.step()
    desk.clock.advance(-5 * SECOND)
    desk.restart()
    desk.step()
    desk.step(after=7 * SECOND)
    assert desk.log()[1:] == ["recent ada entered 0"]
    desk.step(after=70 * SECOND)
    assert desk.log()[2:] == ["recent ada left 60"]


def test_what_came_and_went_unknown_while_nobody_kept_up_is_not_taken_back(desk: LiveDesk) -> None:
    desk.step(after=HOUR)
    at = HOUR - 5 * MINUTE
    desk.receive(VISIT | {"userId": "ada", "at": at})
    desk.restart()
    desk.step()
    assert desk.log()[1:] == [], "that she came and went is history, of which nothing is left"
    desk.receive(VISIT | {"userId": "ada", "at": at + 30 * SECOND})
    desk.step(after=SECOND)
    assert desk.log()[1:] == [], "so she has never left earlier either"
    desk.receive(VISIT | {"userId": "ada", "at": HOUR - 30 * SECOND})
    desk.step(after=SECOND)
    assert desk.inside("recent") == ["ada"]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_sweep_is_told_in_slices_and_holds_nothing_up(
    desk: LiveDesk, monkeypatch: pytest.MonkeyPatch, *, restarts: bool
) -> None:
    monkeypatch.setattr(keeping, "_MOST_A_STEP", 10)
    desk.receive(*(VISIT | {"userId": f"u{number:02}", "at": 0} for number in range(35)))
    while len(desk.inside("recent")) < 35:
        desk.step(after=SECOND)
    stood = len(desk.log())
    desk.clock.moment = NOW + 69 * SECOND
    desk.step()
    assert len(desk.log()) == stood, "all leave at one moment, which settles"
    slices = []
    for number in range(4):
        desk.receive(VISIT | {"userId": f"n{number}"})
        desk.step(after=SECOND)
        its = desk.log("recent")
        slices.append(sum("left 60" in line for line in its))
        assert f"recent n{number} entered {69 + number}" in its, "what comes meanwhile waits for no more of it"
        if restarts and number == 1:
            desk.restart()
            desk.step()
            break
    assert slices == ([10, 20] if restarts else [10, 20, 30, 35])
    desk.step(after=SECOND)
    assert not desk.live.is_behind
    left = sorted(line for line in desk.log("recent") if "left" in line)
    assert left == [f"recent u{number:02} left 60" for number in range(35)]


def test_two_who_turn_out_to_be_one_were_never_two(desk: LiveDesk) -> None:
    desk.receive(VISIT | {"anonymousId": "phone"})
    desk.step()
    desk.step(after=30 * SECOND)
    desk.receive(VISIT | {"userId": "ada"})
    desk.step()
    assert desk.log()[1:] == [
        "recent phone entered 0",
        "visitors phone entered 0",
        "recent ada entered 30",
    ]
    desk.receive({"type": "identify", "userId": "ada", "anonymousId": "phone", "at": 31 * SECOND})
    desk.step(after=5 * SECOND)
    assert desk.inside("recent") == ["ada"]
    memberships = desk.project.members("recent").to_pylist()
    assert len(memberships) == 1


def test_of_two_things_of_one_moment_the_greater_id_comes_later_whichever_came_first(tmp_path: Path) -> None:
    desk = LiveDesk(tmp_path, gold='plan = "gold"')
    ada = {"type": "identify", "userId": "ada"}
    desk.receive(ada | {"traits": {"plan": "silver"}, "at": -DAY})
    desk.step()
    desk.run()
    desk.step()
    desk.receive(ada | {"traits": {"plan": "gold"}, "messageId": "b", "at": 0})
    desk.step(after=SECOND)
    assert desk.inside("gold") == ["ada"]
    desk.receive(ada | {"traits": {"plan": "silver"}, "messageId": "a", "at": 0})
    desk.step(after=SECOND)
    assert desk.inside("gold") == ["ada"]


def test_a_restart_misses_nothing_and_says_nothing_twice(desk: LiveDesk) -> None:
    desk.receive(VISIT | {"userId": "ada"})
    desk.step(after=SECOND)
    desk.restart()
    desk.step()
    assert desk.log()[1:] == ["recent ada entered 0"]
    desk.restart()
    desk.receive(VISIT | {"userId": "bob"}, VISIT | {"userId": "ada", "at": -20 * SECOND})
    desk.step(after=62 * SECOND)
    assert "recent ada left 60" not in desk.log(), "it settles over a restart"
    desk.restart()
    desk.step(after=10 * SECOND)
    assert "recent ada left 60" in desk.log()
    assert len(desk.log()) == len(set(desk.log()))


def test_runs_and_applications_go_on_from_what_was_kept(desk: LiveDesk) -> None:
    desk.receive(VISIT | {"userId": "ada"})
    desk.step(after=SECOND)
    desk.run()
    desk.step(after=SECOND)
    assert desk.log()[1:] == ["recent ada entered 0"]
    desk.declare(recent="did visit in last 90 seconds", visitors="did visit", twice="count of visit >= 2")
    desk.run(apply=True)
    desk.step(after=75 * SECOND)
    assert desk.log()[2:] == ["twice ada entered 0"]
    desk.step(after=25 * SECOND)
    assert desk.log()[3:] == ["recent ada left 90"]


def test_the_log_is_the_same_after_a_rebuild(desk: LiveDesk) -> None:
    test_what_is_undone_later_is_corrected_by_its_id(desk)
    before = tables_of(desk.project)
    desk.project.rebuild()
    assert tables_of(desk.project) == before


@pytest.mark.slow
def test_joining_small_files_changes_nothing(desk: LiveDesk) -> None:
    for number in range(70):
        desk.receive(VISIT | {"userId": f"u{number % 3}"})
        desk.step(after=SECOND)
    stood = desk.log()
    files = len(desk.project._workspace().tables.files("events"))
    desk.project.tidy(desk.live)
    assert len(desk.project._workspace().tables.files("events")) < files
    desk.receive(VISIT | {"userId": "bob"})
    desk.step()
    assert desk.log() == [*stood, "recent bob entered 70", "visitors bob entered 70"]


def test_freshness_is_told_from_what_came_since_it_was_last_told(
    desk: LiveDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, read, rows = desk.project.freshness(), Tables.read_after, list[int]()
    kept = before

    def counted(tables: Tables, name: str, seq: int) -> pa.Table:
        found = read(tables, name, seq)
        rows.append(len(found))
        return found

    for number in range(12):
        desk.receive(VISIT | {"userId": f"u{number}"})
        desk.step(after=SECOND)
        with monkeypatch.context() as patched:
            patched.setattr(Tables, "read_after", counted)
            rows.clear()
            before = desk.project.freshness(before)
        assert sum(rows) <= 4, "one update, and a size of each of two segments"
        assert before == desk.project.freshness()
        with monkeypatch.context() as patched:
            patched.setattr(storage, "DeltaTable", None)
            kept = desk.project.freshness(kept, kept_up=True)
        assert kept == before, "as whoever keeps up has it, for which no table is opened"
    desk.run()
    assert desk.project.freshness(before) == desk.project.freshness()


def test_an_event_of_which_no_rule_speaks_changes_nothing(desk: LiveDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("begun anew")

    monkeypatch.setattr(keeping, "begun", refused)
    desk.receive({"event": "Unheard Of", "userId": "bob", "properties": {"size": 1}}, VISIT | {"userId": "ada"})
    desk.step()
    assert desk.log()[1:] == ["recent ada entered 0"]


def test_what_came_is_told_once(desk: LiveDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("read anew, as if met")

    monkeypatch.setattr(projection, "_WRITTEN_AT_ONCE", 1)  # before anybody is told
    desk.receive(VISIT | {"userId": "ada"})
    desk.step()
    monkeypatch.setattr(keeping, "told_of", refused)
    desk.receive(VISIT | {"userId": "bob"})
    desk.step(after=SECOND)
    assert desk.inside("recent") == ["ada", "bob"]


def test_whoever_consents_or_withdraws_is_told_anew(tmp_path: Path) -> None:
    desk = LiveDesk(tmp_path, reachable="consent to ads", visitors="did visit")
    settings = desk.project.folder.settings
    settings.write_text(settings.read_text() + "\nconsent: {purposes: {ads: {}}}\n")
    desk.clock.moment = NOW - HOUR
    desk.receive(VISIT | {"userId": "ada", "at": -DAY})
    desk.step()
    desk.run()
    desk.step()
    desk.step(after=HOUR)
    for is_granted in (True, False):
        choice = {"consent": {"ads": "granted" if is_granted else "denied"}}
        desk.receive(VISIT | {"userId": "ada", "context": choice})
        desk.step(after=SECOND)
        assert desk.inside("reachable") == ["ada"] * is_granted
    assert [one.rpartition(" ")[0] for one in desk.log("reachable")] == ["reachable ada entered", "reachable ada left"]
