"""How segments come about and move, asked of a small shop with known people."""

import json
import shutil
from pathlib import Path

import pytest

from kohort.clock import DAY
from kohort.errors import UnknownNameError, UsageError
from kohort.project import Project
from kohort.segments.flows import NOBODY_YET, NONE
from kohort.testing.clock import SettableClock
from small_shop import NOW, order

SEGMENTS = """\
segments:
  - {name: buyers, where: did order_completed}
  - {name: recent, where: did order_completed in last 7 days}
  - {name: big, where: sum of order_completed.total > 25}
  - {name: lapsed, where: in segment "buyers" and not in segment "recent"}
  - {name: cart, where: did add_to_cart, needs: [add_to_cart]}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people: ada and bob ordered lately, cid 20 and dan 40 days ago; runs a week ago and now."""
    folder = tmp_path_factory.mktemp("ran")
    shop = Project.create(folder / "shop", clock=SettableClock(NOW))
    (shop.folder.path / "segments" / "reference.yaml").write_text(SEGMENTS)
    orders = [("ada", 1, 3, 10), ("bob", 2, 6, 20), ("cid", 3, 20, 30), ("dan", 4, 40, 100)]
    lines = [order(person, number, days_ago=days, total=total) for person, number, days, total in orders]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shop.ingest(folder / "events.jsonl")
    list(shop.run(NOW - 7 * DAY))
    list(shop.run(NOW))
    return shop.folder.path


@pytest.fixture
def shop(ran: Path, tmp_path: Path) -> Project:
    return Project(shutil.copytree(ran, tmp_path / "shop"), clock=SettableClock(NOW))


def test_a_saved_rule_and_the_same_unsaved_have_one_funnel(shop: Project) -> None:
    saved = shop.preview_segment("lapsed")
    assert saved.funnel == shop.preview('in segment "buyers" and not in segment "recent"').funnel
    assert [(line.sentence, line.before, line.kept, line.without) for line in saved.funnel] == [
        ('in segment "buyers" and not in segment "recent"', 4, 2, None),
        ('in segment "buyers"', 4, 4, 0),
        ("did order_completed", 4, 4, None),
        ('not in segment "recent"', 4, 2, 2),
        ('in segment "recent"', 4, 2, None),
        ("did order_completed in last 7 days", 4, 2, None),
    ]


def test_the_funnel_ends_with_the_one_number_of_every_screen(shop: Project) -> None:
    for one in shop.segments():
        if one.size is not None:
            found = shop.preview_segment(one.name)
            assert found.size == found.funnel[0].kept == one.size == shop.members(one.name).num_rows


def test_a_rule_in_french_has_its_funnel_in_french(shop: Project) -> None:
    settings, segments = shop.folder.settings, shop.folder.path / "segments" / "reference.yaml"
    settings.write_text(settings.read_text() + "language: fr\n")
    segments.write_text("segments:\n  - {name: acheteurs, where: a fait order_completed}\n")
    funnel = shop.preview('dans le segment "acheteurs" et pas a fait order_completed').funnel
    assert [f"{line.joined} {line.sentence}".strip() for line in funnel[1:]] == [
        'dans le segment "acheteurs"',
        "a fait order_completed",
        "et pas a fait order_completed",
    ]


def test_who_is_in_exactly_which_segments(shop: Project) -> None:
    found = shop.overlap()
    assert {one.segments: one.size for one in found.intersections} == {
        ("buyers", "recent"): 2,  # ada and bob
        ("buyers", "big", "lapsed"): 2,  # cid and dan
    }
    assert found.sizes == {"buyers": 4, "recent": 2, "big": 2, "lapsed": 2}, "cart cannot be evaluated yet"


def test_the_overlap_of_the_last_run_is_that_computed_at_its_moment(shop: Project) -> None:
    assert shop.overlap() == shop.overlap(at=NOW)
    assert shop.overlap(["recent", "big"]) == shop.overlap(["recent", "big"], at=NOW)
    then = shop.overlap(["recent", "big"], at=NOW - 7 * DAY)
    assert {one.segments: one.size for one in then.intersections} == {("big",): 2}, "ada and bob were no people yet"


def test_the_last_run_stays_as_it_was_when_data_come_later(shop: Project, tmp_path: Path) -> None:
    before = shop.overlap()
    (tmp_path / "more.jsonl").write_text(json.dumps(order("eve", 9, days_ago=1, total=99)) + "\n")
    shop.ingest(tmp_path / "more.jsonl")
    assert shop.overlap() == before
    assert {one.segments: one.size for one in shop.overlap(["recent", "big"], at=NOW).intersections} == {
        ("recent",): 2,
        ("big",): 2,
        ("recent", "big"): 1,  # eve
    }


def test_where_people_went_in_three_weeks(shop: Project) -> None:
    found = shop.flows(NOW - 19 * DAY, NOW, ["recent", "lapsed"])
    assert [(row.segment, row.before, row.entered, row.left, row.after) for row in found.segments] == [
        ("recent", 1, 2, 1, 2),
        ("lapsed", 1, 1, 0, 2),
    ]
    assert {(one.before, one.after): one.people for one in found.transitions} == {
        ("recent", "lapsed"): 1,  # cid
        ("lapsed", "lapsed"): 1,  # dan
        (NOBODY_YET, "recent"): 2,  # ada and bob
    }
    big = shop.flows(NOW - 19 * DAY, segments=["big"]).transitions
    assert {(one.before, one.after): one.people for one in big} == {("big", "big"): 2, (NOBODY_YET, NONE): 2}


def test_the_size_of_a_segment_day_after_day_beside_what_runs_recorded(shop: Project) -> None:
    found = list(shop.sizes("recent", NOW - 8 * DAY, NOW, every="2 days"))
    assert [(one.at - NOW, one.size, one.population, one.recorded, one.recorded_at) for one in found] == [
        (-8 * DAY, 0, 2, None, None),
        (-6 * DAY, 1, 3, 0, NOW - 7 * DAY),  # bob's order of that moment counts, cid's of 14 days before no more
        (-4 * DAY, 1, 3, 0, NOW - 7 * DAY),
        (-2 * DAY, 2, 4, 0, NOW - 7 * DAY),
        (0, 2, 4, 2, NOW),
    ]
    assert [one.size for one in shop.sizes("recent", every="10 days")][-1] == 2
    assert len(list(shop.sizes("recent", every="10 days"))) == 31


def test_what_cannot_be_counted_is_said(shop: Project) -> None:
    with pytest.raises(UnknownNameError, match='did you mean "recent"'):
        shop.overlap(["recnt"])
    with pytest.raises(UsageError, match="needs add_to_cart"):
        shop.flows(NOW - DAY, NOW, ["cart"])
    with pytest.raises(UsageError, match="more than 1,000"):
        list(shop.sizes("recent", NOW - DAY, NOW, every="1 second"))
    with pytest.raises(UsageError, match="exchange"):
        list(shop.sizes("recent", NOW, NOW - DAY))
    with pytest.raises(UsageError, match="no duration"):
        shop.sizes("recent", every="monthly")
    with pytest.raises(UsageError, match="exchange"):
        shop.flows(NOW, NOW)


def test_before_the_first_run_only_what_is_computed_can_be_told(tmp_path: Path) -> None:
    fresh = Project.create(tmp_path / "fresh", clock=SettableClock(NOW))
    with pytest.raises(UsageError, match="no segment can be evaluated yet"):
        fresh.overlap()
    (tmp_path / "one.jsonl").write_text(json.dumps(order("ada", 1)) + "\n")
    fresh.ingest(tmp_path / "one.jsonl")
    with pytest.raises(UsageError, match="kohort run"):
        fresh.overlap(["reactive"])
    assert fresh.overlap(["reactive"], at=NOW).sizes == {"reactive": 1}
