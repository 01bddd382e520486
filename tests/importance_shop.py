"""A shop in which who bought often, and has a card, buys again; a colour says nothing, and a mark is too late."""

import random
from collections.abc import Iterator
from pathlib import Path

from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from segment_shop import written
from small_shop import NOW, iso, order

OUTCOME = """revenue: order_completed.total
outcome:
  events:
    order_completed: {en: ordered, fr: ont commandé}
    tour_taken: {en: took a tour, fr: ont suivi une visite}
  horizon: 30 days
"""
PEOPLE = 300


def told(person: str, number: str, *, days_ago: float, **traits: object) -> dict[str, object]:
    """Say traits of somebody, so many days before now."""
    moment = iso(NOW - int(days_ago * DAY))
    return {
        "type": "identify",
        "messageId": f"{number}-{person}",
        "userId": person,
        "timestamp": moment,
        "traits": traits,
    }


def messages() -> Iterator[dict[str, object]]:
    """Yield what three hundred people did and said over 120 days, the split being 30 days ago and the one before 60."""
    chance = random.Random(4)  # noqa: S311 - no secret
    number = 0
    for place in range(PEOPLE):
        who, often, card = f"p{place}", chance.random() < 0.5, chance.random() < 0.5
        for start in (120, 60, 30):
            wish = 0.15 + 0.4 * often + 0.35 * card if start < 120 else 1.0
            for _ in range((6 if often else 2) if start == 120 else 1):
                if chance.random() < wish:
                    days = chance.uniform(start - (59 if start == 120 else 29), start - 0.5)
                    yield order(who, number, days_ago=days, total=chance.uniform(10, 20) * (1 + often))
                    number += 1
                    if start == 30:
                        # Who has bought is thanked: after the split, so that nobody knew it then.
                        yield told(who, "thanked", days_ago=max(0.1, days - 0.2), thanked=True)
        yield told(
            who,
            "known",
            days_ago=119,
            card=card,
            colour=chance.choice(["red", "green", "blue"]),
            likes=chance.sample(["tea", "jazz", "chess"], 2),
            first_name=chance.choice(["Ann", "Bob"]),
            company=f"company {place}",
            since=iso(NOW - 400 * DAY - place * DAY),
            country="FR",
        )


def importance_shop(folder: Path) -> Project:
    """Make the shop; nobody has run it yet, or asked what matters."""
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for file in (folder / "shop" / "segments").iterdir():
        file.unlink()
    project.folder.settings.write_text(project.folder.settings.read_text() + OUTCOME)
    (folder / "shop" / "tracking.yaml").write_text("traits: {since: moment}\n")
    project.ingest(written(folder, "messages.jsonl", messages()))
    return project
