"""Recent records: whoever follows them has those of the writer, also after some were taken away, or half written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.storage.frames import Record, frame_of
from kohort.storage.recent import FollowedRecords, RecentRecords

DOINGS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "skip", "forget", "anew", "look"]), st.integers(1, 4)), max_size=30
)


@given(doings=DOINGS)
def test_followers_have_what_the_writer_has(
    doings: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("recent") / "recent"
    writer, followed = RecentRecords(path), FollowedRecords(path)
    base, last, there = 0, 0, list[int]()
    for doing, number in doings:
        match doing:
            case "add":
                if not there:
                    base = last
                writer.add(Record(last + number, 5, "changes", b"{}" * number), after=last)
                last += number
                there.append(last)
            case "skip":  # something came between that the tables have
                last, there = last + number, []
            case "forget":
                writer.forget(max(last - number, 0))
                left = [one for one in there if one > last - number]
                base, there = (base if left == there else last - number), left
            case "anew":
                writer, there = RecentRecords(path), []
            case _:
                followed.look()
                if there:
                    assert ([one.seq for one in followed.records], followed.base) == (there, base)
                assert not followed.look()


def test_what_is_half_written_is_not_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "recent"
    writer, followed = RecentRecords(path), FollowedRecords(path)
    assert not followed.look()
    writer.add(Record(2, 0, "changes", b"{}"), after=1)
    frame = frame_of(Record(3, 0, "changes", b"{}"))
    with path.open("ab") as file:
        file.write(frame[:10])
    assert followed.look()
    followed.look()
    assert [one.seq for one in followed.records] == [2]
    with path.open("ab") as file:
        file.write(frame[10:])
    assert followed.look()
    assert [one.seq for one in followed.records] == [2, 3]
    path.unlink()
    assert followed.look()
    assert followed.records == []
