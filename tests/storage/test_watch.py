"""The debug view's files: there while somebody watches, bounded, and gone afterwards."""

import stat
from pathlib import Path

import pytest

from kohort.clock import SECOND
from kohort.errors import StorageError
from kohort.storage.watch import Seen, Watch
from kohort.testing.clock import SettableClock


@pytest.fixture
def watch(tmp_path: Path, clock: SettableClock) -> Watch:
    return Watch(tmp_path / "watch", clock)


def ids(seen: list[Seen]) -> list[str]:
    return [one.message_id for one in seen]


def numbered(first: int, last: int) -> list[Seen]:
    return [Seen(number, "accepted", message_id=str(number)) for number in range(first, last)]


def test_nothing_is_written_while_nobody_watches(tmp_path: Path, watch: Watch) -> None:
    watch.write("projection", numbered(0, 3))
    assert not watch.watched()
    assert list(tmp_path.iterdir()) == []


def test_two_watchers_see_what_comes_after_them_and_the_last_one_cleans_up(
    tmp_path: Path, watch: Watch, clock: SettableClock
) -> None:
    with watch.follow() as early:
        watch.write("projection", numbered(0, 2))
        with watch.follow() as late:
            watch.write("collector", [Seen(9, "refused", message_id="c")])
            watch.write("projection", numbered(2, 4))
            assert ids(early.read()) == ["0", "1", "2", "3", "c"]
            assert ids(late.read()) == ["2", "3", "c"]
            assert ids(late.read()) == []
        modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "watch").iterdir()}
        assert modes[".jsonl"] == 0o600
        assert stat.S_IMODE((tmp_path / "watch").stat().st_mode) == 0o700
        watch.write("projection", numbered(4, 5))
        assert ids(early.read()) == ["4"]
    assert list((tmp_path / "watch").iterdir()) == []
    clock.advance(SECOND)
    assert not watch.watched()


def test_a_watcher_that_died_is_forgotten_after_ten_seconds(tmp_path: Path, watch: Watch, clock: SettableClock) -> None:
    follower = watch.follow().__enter__()
    assert watch.watched()
    clock.advance(9 * SECOND)
    assert watch.watched()
    follower.read()
    clock.advance(9 * SECOND)
    assert watch.watched(), "it has read since"
    clock.advance(SECOND)
    assert not watch.watched()
    watch.write("projection", numbered(0, 1))
    assert not list((tmp_path / "watch").glob("*.jsonl"))


def test_too_many_at_once_are_counted_instead_of_shown(watch: Watch) -> None:
    with watch.follow() as follower:
        watch.write("projection", numbered(0, 50_000))
        first, *others = follower.read()
    assert (first.what, first.reason) == ("left out", "49,000 events before these")
    assert ids(others) == [str(number) for number in range(49_000, 50_000)]


def test_the_files_stay_small_and_a_watcher_goes_on_when_they_begin_anew(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kohort.storage.watch._LARGEST", 2_000)
    with watch.follow() as follower:
        found = []
        for number in range(200):
            watch.write("projection", numbered(number, number + 1))
            found += follower.read()
            assert (tmp_path / "watch" / "projection.jsonl").stat().st_size < 2_100
    assert ids(found) == [str(number) for number in range(200)]


def test_half_a_line_is_not_there_yet(tmp_path: Path, watch: Watch) -> None:
    with watch.follow() as follower:
        watch.write("projection", numbered(0, 2))
        path = tmp_path / "watch" / "projection.jsonl"
        content = path.read_bytes()
        path.write_bytes(content[:-5])
        assert ids(follower.read()) == ["0"]
        path.write_bytes(content)
        assert ids(follower.read()) == ["1"]


def test_a_place_that_cannot_be_watched_is_named(tmp_path: Path, clock: SettableClock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not watch"):
        Watch(tmp_path / "file" / "watch", clock).follow().__enter__()
