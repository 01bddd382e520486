"""A shop with enough people to compare: six who bought lately, six who bought long ago."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from kohort.clock import DAY
from kohort.project import Project
from small_shop import NOW, WriteLines, iso, order

SEGMENTS = """segments:
  - name: buyers
    label: {en: Buyers, fr: Acheteurs}
    description: Bought within a month.
    owner: Ada
    where: did order_completed in last 30 days
    tests: [{in: [lately0]}, {size: {at_least: 3}}]
  - {name: everybody, label: {en: Everybody}, where: did order_completed}
  - {name: rich, label: {en: "=<b>&rich"}, where: sum of order_completed.total >= 100}
  - {name: readers, label: {en: Readers}, where: did article_read, needs: [article_read]}
"""
LATELY = [f"lately{number}" for number in range(6)]
BEFORE = [f"before{number}" for number in range(6)]


def lines() -> Sequence[Mapping[str, object]]:
    """Return what they did: who came lately spent 100 each, in Paris; the others 20, in Lyon but for one."""
    orders = [order(who, number, days_ago=1 + number, total=100) for number, who in enumerate(LATELY)]
    orders += [order(who, 10 + number, days_ago=60 + number, total=20) for number, who in enumerate(BEFORE)]
    cities = dict.fromkeys(LATELY, "Paris") | dict.fromkeys(BEFORE, "Lyon") | {"before0": "Paris"}
    said = [
        {
            "type": "identify",
            "messageId": f"who-{who}",
            "userId": who,
            "timestamp": iso(NOW - 70 * DAY),
            "traits": {"city": city, "email": f"{who}@example.org"},
        }
        for who, city in cities.items()
    ]
    return [*orders, *said]


def open_shop(shop: Project, write_lines: WriteLines) -> Project:
    """Fill an empty project with them, and run it."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    (shop.folder.path / "segments" / "ours.yaml").write_text(SEGMENTS)
    settings = shop.folder.settings.read_text()
    if "revenue:" not in settings:
        shop.folder.settings.write_text(settings + "revenue: order_completed.total\n")
    shop.ingest(write_lines("lines.jsonl", lines()))
    list(shop.run())
    return shop


def written(folder: Path, name: str, lines: Iterable[object]) -> Path:
    """Write JSON lines to a file of a folder, as the fixture `write_lines` does."""
    path = folder / name
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path
