"""A shop of two kinds of people whose clusters are in force, and that a third kind enters."""

import random
from collections.abc import Sequence
from pathlib import Path

from cluster_shop import SCORE, shop_of
from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from segment_shop import written
from small_shop import NOW, copy_of, order

SEGMENTS = """segments:
  - {name: first, label: {en: First, fr: Premiers}, where: 'persona_id = "persona-1"'}
  - {name: second, label: {en: Second, fr: Seconds}, where: 'persona_id = "persona-2"'}
  - {name: grouped, label: {en: Grouped, fr: Groupés}, where: 'in segment "first" or in segment "second"'}
  - {name: buyers, label: {en: Buyers, fr: Acheteurs}, where: did order_completed}
"""
LATER = NOW + 2 * DAY
_OFTEN = ((10, 14), (1.0, 20.0), (80.0, 120.0))
_RARELY = ((1, 3), (100.0, 200.0), (5.0, 15.0))
_TINY = ((30, 34), (1.0, 5.0), (5.0, 15.0))


def shoppers(kinds: Sequence[int], seed: int = 7) -> list[object]:
    """Return the orders of thirty people of each of some kinds: often and much, rarely and little, often and little."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    lines: list[object] = []
    for kind in kinds:
        orders, days, total = (_OFTEN, _RARELY, _TINY)[kind]
        for who in range(30):
            for number in range(chance.randint(*orders)):
                days_ago, spent = chance.uniform(*days), chance.uniform(*total)
                message = kind * 10_000 + who * 100 + number
                lines.append(order(f"k{kind}-{who}", message, days_ago=days_ago, total=spent))
    return lines


def with_clusters(folder: Path, retrain: str = "") -> Project:
    """Make the shop: its first model is live, and segments over its personas are in force."""
    project = shop_of(folder, shoppers([0, 1]))
    (project.folder.path / "scores" / "clusters.yaml").write_text(SCORE + retrain)
    project.discover()
    (project.folder.path / "segments" / "ours.yaml").write_text(SEGMENTS)
    list(project.run(apply=True))
    return project


def with_candidate(folder: Path) -> Project:
    """Make the shop, let a third kind of people in, and let the run train anew: its second model waits."""
    project = copy_of("with a candidate", folder, _with_candidate)
    assert isinstance(project.clock, SettableClock)
    project.clock.moment = LATER
    return project


def _with_candidate(folder: Path) -> Project:
    project = with_clusters(folder, "    retrain: {every: 1 day}\n")
    project.ingest(written(folder, "more.jsonl", shoppers([2])))
    assert isinstance(project.clock, SettableClock)
    project.clock.moment = LATER
    list(project.run())
    return project
