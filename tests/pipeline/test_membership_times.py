"""When people entered and left, however seldom the segments are run: exact, and put right when history changes."""

from collections.abc import Iterable

import pytest

from kohort.clock import DAY, HOUR
from kohort.project import Project
from small_shop import NOW, WriteLines, order, tables_of

SEGMENTS = """\
segments:
  - {name: recent, where: did order_completed in last 2 days}
  - {name: quiet, where: 'not in segment "recent"'}
  - {name: big, where: sum of order_completed.total > mean}
"""


@pytest.fixture
def quiet_shop(shop: Project) -> Project:
    """A shop with three segments and nothing else to run."""
    for folder in ("segments", "scores"):
        for path in (shop.folder.path / folder).iterdir():
            path.unlink()
    (shop.folder.path / "segments" / "three.yaml").write_text(SEGMENTS)
    return shop


def run(project: Project, *days: float, apply: bool = False) -> None:
    for one in days:
        list(project.run(NOW + int(one * DAY), apply=apply))


def log(project: Project, *segments: str, causes: Iterable[str] = ()) -> list[str]:
    """Return the log as lines: segment, who, change, day after 1 March, cause if not the rule, what it corrects."""
    tables = project._workspace().tables
    names = {row["actor_id"]: row["value"] for row in tables.read("identifiers").to_pylist()}
    rows = tables.read("membership_log").sort_by("seq").to_pylist()
    numbers = {row["seq"]: number for number, row in enumerate(rows)}
    return [
        f"{row['segment']} {names[row['person_id']]} {row['change']} {(row['effective_at'] - NOW) / DAY:g}"
        + ("" if row["cause"] == "rule" else f" {row['cause']}")
        + ("" if row["corrects"] is None else f" corrects {numbers[row['corrects']]}")
        for row in rows
        if row["segment"] in segments
    ]


def test_every_change_between_two_runs_is_logged_at_its_own_moment(
    quiet_shop: Project, write_lines: WriteLines
) -> None:
    orders = [order("ada", number, days_ago=-days) for number, days in enumerate((0.5, 3, 4))]
    quiet_shop.ingest(write_lines("events.jsonl", [order("ada", 9, days_ago=10), *orders]))
    run(quiet_shop, 0, 7)
    assert log(quiet_shop, "recent", "quiet") == [
        "quiet ada entered -8",
        "quiet ada left 0.5",
        "recent ada entered 0.5",
        "quiet ada entered 2.5",
        "recent ada left 2.5",
        "quiet ada left 3",
        "recent ada entered 3",
        "quiet ada entered 6",
        "recent ada left 6",
    ]


def test_it_does_not_matter_how_often_the_segments_are_run(quiet_shop: Project, write_lines: WriteLines) -> None:
    orders = [order(f"p{n % 5}", n, days_ago=10 - 0.7 * n) for n in range(24)]
    quiet_shop.ingest(write_lines("events.jsonl", orders))
    run(quiet_shop, 0, 1, 1.25, 2, 3.5, 7)
    often = log(quiet_shop, "recent", "quiet")
    other = Project.create(quiet_shop.folder.path.parent / "other", clock=quiet_shop.clock)
    for path in [*(other.folder.path / "segments").iterdir(), *(other.folder.path / "scores").iterdir()]:
        path.unlink()
    (other.folder.path / "segments" / "three.yaml").write_text(SEGMENTS)
    other.ingest(write_lines("events.jsonl", orders))
    run(other, 0, 7)
    assert sorted(often) == sorted(log(other, "recent", "quiet"))
    assert len(often) > 20


def test_a_change_of_the_population_carries_the_moment_of_the_run(quiet_shop: Project, write_lines: WriteLines) -> None:
    first = [order("ada", 1, days_ago=9, total=100), order("bob", 2, days_ago=9, total=10)]
    quiet_shop.ingest(write_lines("first.jsonl", first))
    run(quiet_shop, 0)
    assert log(quiet_shop, "big") == ["big ada entered 0"], "before a first run there are no numbers to compare with"
    later = [order("bob", 3, days_ago=-1.5, total=50), order("cid", 4, days_ago=-1.75, total=1000)]
    quiet_shop.ingest(write_lines("later.jsonl", later))
    run(quiet_shop, 2)
    assert log(quiet_shop, "big")[1:] == [
        "big bob entered 1.5",
        "big cid entered 1.75",
        "big ada left 2 statistics",
        "big bob left 2 statistics",
    ], "the mean was 55 up to the second run, and 386 from then on"


def test_a_late_event_corrects_what_was_believed(quiet_shop: Project, write_lines: WriteLines) -> None:
    quiet_shop.ingest(write_lines("first.jsonl", [order("ada", 1, days_ago=5), order("bob", 2, days_ago=4)]))
    run(quiet_shop, 0)
    assert log(quiet_shop, "quiet") == ["quiet ada entered -3", "quiet bob entered -2"]
    late = [order("ada", 3, days_ago=3.5), order("ada", 4, days_ago=1), order("bob", 5, days_ago=2.5)]
    quiet_shop.ingest(write_lines("late.jsonl", late))
    run(quiet_shop, 2)
    assert log(quiet_shop, "quiet")[2:] == [
        "quiet ada left -1 history",
        "quiet ada entered 1",
    ], "bob, quiet all the same, keeps the moment that was believed"
    assert log(quiet_shop, "recent") == ["recent ada entered -1 history", "recent ada left 1"]


def test_what_never_was_is_taken_back(quiet_shop: Project, write_lines: WriteLines) -> None:
    quiet_shop.ingest(write_lines("first.jsonl", [order("ada", 1, days_ago=5)]))
    run(quiet_shop, -2)
    assert log(quiet_shop, "quiet") == ["quiet ada entered -3"]
    quiet_shop.ingest(write_lines("late.jsonl", [order("ada", 2, days_ago=3.25)]))
    run(quiet_shop, -2)
    assert log(quiet_shop, "quiet")[1:] == ["quiet ada left -3 history corrects 0"]
    run(quiet_shop, 0)
    assert log(quiet_shop, "quiet")[2:] == ["quiet ada entered -1.25"]


def test_a_new_definition_holds_from_the_run_that_applies_it(quiet_shop: Project, write_lines: WriteLines) -> None:
    quiet_shop.ingest(write_lines("first.jsonl", [order("ada", 1, days_ago=2.5), order("bob", 2, days_ago=1)]))
    run(quiet_shop, 0)
    path = quiet_shop.folder.path / "segments" / "three.yaml"
    path.write_text(SEGMENTS.replace("in last 2 days", "in last 3 days"))
    run(quiet_shop, 0.25, apply=True)
    assert log(quiet_shop, "recent", "quiet")[2:] == [
        "quiet ada left 0.25 definition",
        "recent ada entered 0.25 definition",
    ], "a segment that refers to another is defined anew with it"
    run(quiet_shop, 1)
    assert log(quiet_shop, "recent", "quiet")[4:] == ["quiet ada entered 0.5", "recent ada left 0.5"]


def test_the_log_is_the_same_after_a_rebuild(quiet_shop: Project, write_lines: WriteLines) -> None:
    quiet_shop.ingest(write_lines("first.jsonl", [order("ada", 1, days_ago=5), order("bob", 2, days_ago=1)]))
    run(quiet_shop, 0)
    quiet_shop.ingest(write_lines("late.jsonl", [order("ada", 3, days_ago=0.5), order("ada", 4, days_ago=-1)]))
    run(quiet_shop, 4)
    before = tables_of(quiet_shop)
    quiet_shop.rebuild()
    assert tables_of(quiet_shop) == before


def test_members_of_the_past_say_since_when(quiet_shop: Project, write_lines: WriteLines) -> None:
    quiet_shop.ingest(write_lines("first.jsonl", [order("ada", 1, days_ago=5), order("ada", 2, days_ago=4)]))
    run(quiet_shop, 0)
    (member,) = quiet_shop.members("recent", NOW - 3 * DAY).to_pylist()
    assert member["entered_at"].isoformat() == "2026-02-24T00:00:00+00:00"
    assert quiet_shop.members("recent", NOW - 2 * DAY + HOUR).num_rows == 0


def test_a_clock_gone_mad_stops_nobody(quiet_shop: Project, write_lines: WriteLines) -> None:
    path = quiet_shop.folder.path / "segments" / "three.yaml"
    path.write_text(f"{SEGMENTS}  - {{name: today, where: did order_completed this year}}\n")
    mad = [
        {**order("ada", number), "timestamp": f"{year}-01-01T00:00:00Z"} for number, year in ((1, "0001"), (2, "9999"))
    ]
    quiet_shop.ingest(write_lines("mad.jsonl", [*mad, order("ada", 3, days_ago=1)]))
    run(quiet_shop, 0, 1)
    assert log(quiet_shop, "recent", "today") == ["recent ada entered -1", "today ada entered -1", "recent ada left 1"]
    assert quiet_shop.explain("today", "ada").holds
