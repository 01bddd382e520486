"""Shops in which clustering finds two groups, or none."""

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from segment_shop import written
from small_shop import NOW, copy_of, order

SCORE = """scores:
  - kind: clusters
    name: persona
    features: [orders, basket_value, recency_days]
    smallest: 2
    largest: 4
    bootstraps: 5
    seed: 1
"""


def shop_of(folder: Path, orders: Sequence[object], more: str = "") -> Project:
    """Make a project that has run on these orders, and declares what to cluster by."""
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for file in (folder / "shop" / "segments").iterdir():
        file.unlink()
    settings = project.folder.settings.read_text()
    project.folder.settings.write_text(settings + "revenue: order_completed.total\n")
    project.ingest(written(folder, "orders.jsonl", orders))
    list(project.run())
    return declared(project, more)


def declared(project: Project, more: str = "") -> Project:
    """Declare what to cluster by, with more lines of the score."""
    (project.folder.path / "scores" / "clusters.yaml").write_text(SCORE + more)
    return project


def two_groups(folder: Path, more: str = "") -> Project:
    """Thirty who buy much and lately, thirty who bought little and long ago; nobody has looked for clusters.

    `more` are lines of the score, such as "methods: [ward]".
    """
    return declared(copy_of("two groups", folder, _two_groups), more)


def found_groups(folder: Path) -> Project:
    """The shop of `two_groups`, whose clusters have been looked for once."""
    return copy_of("found groups", folder, _found_groups)


def _found_groups(folder: Path) -> Project:
    project = two_groups(folder)
    assert project.discover().k == 2
    return project


def _two_groups(folder: Path) -> Project:
    chance = random.Random(3)  # noqa: S311 - no secret
    lines: list[object] = []
    for who in range(60):
        often = who < 30
        for _ in range(chance.randint(10, 14) if often else chance.randint(1, 3)):
            days = chance.uniform(1, 20) if often else chance.uniform(100, 200)
            total = chance.uniform(80, 120) if often else chance.uniform(5, 15)
            lines.append(order(f"p{who}", len(lines), days_ago=days, total=total))
    return shop_of(folder, lines)


def ten_days_later(found: Project, folder: Path) -> Project:
    """The shop of `two_groups` in `folder`, not run since: p40 has turned into a good customer, and zoe is new."""
    copy = Project(shutil.copytree(found.folder.path, folder / "shop"), clock=SettableClock(NOW + 10 * DAY))
    news = [order("p40", 9_000 + one, days_ago=-one, total=100) for one in range(1, 10)]
    news += [order("zoe", 9_100 + one, days_ago=-one, total=95) for one in range(1, 10)]
    copy.ingest(written(folder, "news.jsonl", news))
    return copy


def one_cloud(folder: Path) -> Project:
    """Forty people without any structure."""
    return copy_of("one cloud", folder, _one_cloud)


def _one_cloud(folder: Path) -> Project:
    chance = random.Random(5)  # noqa: S311 - no secret
    lines: list[object] = []
    for who in range(40):
        for _ in range(chance.randint(1, 12)):
            lines.append(
                order(f"p{who}", len(lines), days_ago=chance.uniform(1, 300), total=chance.lognormvariate(3, 1))
            )
    return shop_of(folder, lines)
