"""What is kept of an answer is never behind: after whatever change, a project answers as if it had kept nothing."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from kohort.clock import DAY
from kohort.pipeline import remembered
from kohort.pipeline.learning import segment_insights
from kohort.pipeline.segments import counting, member_pages, moves
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, order

SEGMENTS = """\
segments:
  - {name: buyers, where: did order_completed}
  - {name: big, where: sum of order_completed.total > 25}
"""
STEP: Final = "1 day"


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    shop = Project.create(tmp_path / "shop", clock=SettableClock(NOW))
    (shop.folder.path / "segments" / "reference.yaml").write_text(SEGMENTS)
    bring(shop, [order(f"p{number}", number, days_ago=number, total=10 * number) for number in range(1, 21)])
    list(shop.run(NOW - 3 * DAY))
    list(shop.run(NOW))
    return shop


def bring(shop: Project, lines: list[Any]) -> None:
    file = shop.folder.path / f"{len(list(shop.folder.path.glob('*.jsonl')))}.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    shop.ingest(file)


def write(shop: Project, name: str, before: str, after: str) -> None:
    path = shop.folder.path / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def apply(shop: Project) -> None:
    assert shop.apply(shop.plan(NOW + DAY))


CHANGES: Final[Mapping[str, Callable[[Project], object]]] = {
    "an event": lambda shop: bring(shop, [order("p1", 90, days_ago=2, total=500)]),
    "a run": lambda shop: list(shop.run(NOW + DAY)),
    "a setting": lambda shop: write(shop, "kohort.yaml", "currency:", "revenue: order_completed.total\ncurrency:"),
    "a setting again": lambda shop: write(shop, "kohort.yaml", "currency: EUR", "currency: USD"),
    "a score": lambda shop: (shop.folder.path / "scores" / "more.yaml").write_text("scores: []\n"),
    "a segment in its file": lambda shop: write(shop, "segments/reference.yaml", "> 25", "> 50"),
    "a segment in force": apply,
    "tables made anew": lambda shop: shop.rebuild(),
}


def test_after_every_change_the_answer_is_found_anew(shop: Project) -> None:
    for what, change in CHANGES.items():
        change(shop)
        expected = anew(shop)
        assert kept(shop) == expected, what
        assert kept(shop) == expected, what


def test_what_nothing_has_changed_is_not_found_again(shop: Project) -> None:
    first = kept(shop)
    before = remembered._answered.cache_info().misses
    assert kept(shop) == first
    assert remembered._answered.cache_info().misses == before


def kept(shop: Project) -> list[Any]:
    at = shop.segments()[0].at
    return [
        shop.distinctions("big"),
        shop.worth("big"),
        shop.moves("big"),
        shop.member_page("big"),
        shop.size_history("big", at, STEP),
        shop.nearest("big", ["buyers", "big"]),
    ]


def anew(shop: Project) -> list[Any]:
    workspace = shop._workspace()
    at = workspace.moment(shop.segments()[0].at)
    return [
        segment_insights.distinctions_of(workspace, "big", None),
        segment_insights.segment_worth(workspace, "big"),
        moves.moves_of(workspace, "big", 30, 10),
        member_pages.member_page(workspace, "big", "", 50),
        counting.size_history(workspace, "big", at, DAY),
        counting.nearest(workspace, "big", ["buyers", "big"], 11),
    ]
