"""A shop some of whose people are keen, and half of those in its club: who is keen outside the club is known here."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso, lines_in, order

PEOPLE = 500
KEEN, CLUB = 0.3, 0.5
SCORES = """scores:
  - kind: behaviour
    name: behaviour
    event: order_completed
    value: total
  - kind: lookalike
    name: like_club
    seed: club
    share: 0.2
    models: [logistic]
"""
SEGMENTS = """segments:
  - name: club
    label: {en: Club, fr: Club}
    where: club = true
    needs: [club]
  - name: club_alike
    label: {en: Like the club, fr: Semblables au club}
    where: like_club_chosen = true and not in segment "club"
    needs: [club, like_club_chosen]
"""


def keen_people() -> np.ndarray:
    """Return who is keen, bool of shape (people,)."""
    return np.random.default_rng(21).random(PEOPLE) < KEEN


def messages() -> Iterator[dict[str, object]]:
    """Yield what people say of themselves, the orders that they make, and half of the keen joining the club."""
    random = np.random.default_rng(22)
    number = 0
    for person, keen in enumerate(keen_people().tolist()):
        stores = int(random.poisson(5 if keen else 1))
        age = int(random.normal(50 if keen else 35, 4))
        yield told(
            f"p{person}", f"told-{person}", 300, stores=stores, age=age, city=str(random.choice(["Brest", "Lyon"]))
        )
        for _ in range(int(random.poisson(6 if keen else 2)) + 1):
            yield order(
                f"p{person}", number, days_ago=float(random.uniform(1, 290)), total=float(random.integers(5, 60))
            )
            number += 1
        joins, when = random.random() < CLUB, float(random.uniform(10, 200))
        if keen and joins:
            yield told(f"p{person}", f"club-{person}", when, club=True, club_card=int(random.integers(1, 9)))


def told(person: str, message: str, days_ago: float, **traits: object) -> dict[str, object]:
    """Return what somebody said of themselves so many days before now."""
    moment = iso(NOW - int(days_ago * DAY))
    return {"type": "identify", "messageId": message, "userId": person, "timestamp": moment, "traits": traits}


def lookalike_shop(
    folder: Path,
    scores: str = SCORES,
    segments: str = SEGMENTS,
    *,
    until: int = NOW,
    lines: Iterable[dict[str, object]] = (),
) -> Project:
    """Return the shop in a new folder, filled with what happened before a moment, or with other `lines`, not run."""
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for path in (*project.folder.path.glob("segments/*.yaml"), *project.folder.path.glob("scores/*.yaml")):
        path.unlink()
    (project.folder.path / "scores/scores.yaml").write_text(scores)
    (project.folder.path / "segments/segments.yaml").write_text(segments)
    kept = [one for one in lines or messages() if str(one["timestamp"]) < iso(until)]
    project.ingest(lines_in(folder)("told.jsonl", kept))
    return project
