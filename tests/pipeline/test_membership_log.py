"""Following the membership log: each row once, in order, whatever is written while it is read."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.pipeline.moving import LOG_ROWS_A_RECORD
from kohort.pipeline.segments import membership_log
from kohort.pipeline.segments.membership_log import LogState, MembershipLog
from kohort.storage.tables import Tables
from log_writer import SEGMENTS, Row, Writer


class Reader:
    """Reads from a place on, as far as it may."""

    def __init__(self, folder: Path, segments: Sequence[str] = ()) -> None:
        self.log, self.segments = MembershipLog(folder), segments
        self.at, self.read = 0, list[Row]()

    def take(self, pages: int, most: int) -> None:
        self.log.look()
        for _ in range(pages):
            page = self.log.state.page(self.at, self.segments, most)
            assert page.up_to >= self.at
            assert page.rows.num_rows <= most
            self.read += page.rows.to_pylist()
            self.at = page.up_to


EPOCH = st.tuples(st.just("epoch"), st.integers(0, 12))
INTERRUPTED = st.tuples(st.just("interrupted"), st.integers(1, 5))
COMPACT = st.tuples(st.just("compact"), st.just(0))
REBUILD = st.tuples(st.just("rebuild"), st.integers(0, 6))
READ = st.tuples(st.just("read"), st.integers(1, 4))


@given(
    st.lists(st.one_of(EPOCH, INTERRUPTED, COMPACT, REBUILD, READ, READ), max_size=10),
    st.integers(1, 7),
    st.sampled_from([(), ("buyers",), SEGMENTS]),
)
def test_each_row_is_read_once_and_in_order(
    doings: list[tuple[str, int]], most: int, segments: tuple[str, ...]
) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(membership_log, "_FILES", 2)
        patch.setattr(membership_log, "_SCANNED", 10)
        folder = Path(name) / "tables"
        writer, reader = Writer(folder), Reader(folder, segments)
        for doing, number in doings:
            match doing:
                case "epoch":
                    writer.epoch(number)
                case "interrupted":
                    writer.epoch(number, whole=False)
                    reader.take(2, most)
                    assert all(row["effective_at"] != len(writer.sizes) for row in reader.read), "half of an epoch"
                    writer.finish()
                case "compact":
                    writer.compact()
                case "rebuild":
                    writer.rebuild(min(number, len(writer.sizes)))
                    reader.take(1, most)
                    writer.rebuild(len(writer.sizes))
                case _:
                    reader.take(number, most)
        for _ in range(len(writer.rows()) + len(writer.sizes) + 1):
            reader.take(1, most)
        assert reader.read == [row for row in writer.rows() if not segments or row["segment"] in segments]


def test_a_look_tells_whether_anything_is_new(tmp_path: Path) -> None:
    writer, log = Writer(tmp_path / "tables"), MembershipLog(tmp_path / "tables")
    assert not log.look()
    writer.epoch(3)
    assert log.look()
    assert not log.look()
    writer.epoch(0)
    assert log.look()
    assert log.state.page(0).rows.to_pylist() == writer.rows()


def test_a_log_that_is_dropped_is_nothing_until_it_is_there_again(tmp_path: Path) -> None:
    writer, log = Writer(tmp_path / "tables"), MembershipLog(tmp_path / "tables")
    writer.epoch(3)
    log.look()
    before = log.state
    Tables(writer.folder).drop_all()
    with pytest.raises(FileNotFoundError):
        before.page(0)
    assert log.look()
    assert log.state == LogState()
    assert log.state.page(7).up_to == 7


def test_only_files_that_hold_what_is_asked_for_are_opened(tmp_path: Path) -> None:
    writer, log = Writer(tmp_path / "tables"), MembershipLog(tmp_path / "tables")
    for _ in range(5):
        writer.epoch(2)
    log.look()
    read = log.state.page(4 * LOG_ROWS_A_RECORD)
    for file in log.state.files:
        if file.last < 4 * LOG_ROWS_A_RECORD:
            file.path.unlink()
    assert log.state.page(4 * LOG_ROWS_A_RECORD).rows == read.rows
