"""A shop whose people stop at a hazard that their pace tells, and may answer a campaign: two years of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kohort.clock import DAY
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, copy_of, iso, lines_in, order

PEOPLE = 260
SILENT = """segments:
  - {name: silent, label: {en: Silent, fr: Silencieux}, where: not did order_completed in last 90 days}
  - {name: one, label: {en: One, fr: Une}, where: did order_completed in last 1 hours}
"""
CAUSES = re.compile(
    r"because|\bcauses?\b|caused|due to|thanks to|leads? to|owing to|parce qu|à cause|en raison d|grâce à|\bdue? à\b|"
    r"entraîne\b|pousse à",
    re.IGNORECASE,
)
"""What no text on scores may say: that something brings them about."""
SCORES = """scores:
  - kind: rfm
    name: rfm
    event: order_completed
    value: total
    window: 365 days
  - kind: behaviour
    name: behaviour
    event: order_completed
    value: total
  - kind: prediction
    name: lapse
    target: lapse
    event: order_completed
    within: 60 days
    cut_offs: 4
    models: [logistic]
    rule: recency_days
    costs: [5, 1]
    dates: true
"""


def messages() -> Iterator[dict[str, object]]:
    """Yield the orders of people who buy at paces of their own, and stop at some time, or never."""
    random = np.random.default_rng(11)
    number = 0
    for person in range(PEOPLE):
        day, pace = float(random.uniform(330, 700)), float(random.gamma(3, 8)) + 4
        stops = random.exponential(400)
        begun = day
        while day > 0 and begun - day < stops:
            yield order(f"p{person}", number, days_ago=day, total=round(float(random.gamma(4, 10)), 2))
            number += 1
            day -= float(random.exponential(pace))


def prediction_shop(folder: Path, scores: str = SCORES, *, until: int = NOW) -> Project:
    """Return the shop in a new folder, filled with what happened before a moment, not run."""
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for path in (*project.folder.path.glob("segments/*.yaml"), *project.folder.path.glob("scores/*.yaml")):
        path.unlink()
    (project.folder.path / "scores/scores.yaml").write_text(scores)
    kept = [one for one in messages() if str(one["timestamp"]) < iso(until)]
    project.ingest(lines_in(folder)("orders.jsonl", kept))
    return project


def ran_shop(folder: Path, scores: str = SCORES) -> Project:
    """Return a copy, in a folder, of the shop that has run: it is filled and run once for each way to score it."""

    def make(place: Path) -> Project:
        project = prediction_shop(place, scores)
        list(project.run(NOW))
        return project

    return copy_of(f"predicted by {scores}", folder, make)


def segmented_shop(folder: Path) -> Project:
    """Return the shop that has run, with a segment of those who are silent, and one of nobody or nearly."""
    project = ran_shop(folder)
    (project.folder.path / "segments" / "ours.yaml").write_text(SILENT)
    list(project.run(NOW, apply=True))
    return project


def days_before(days: float) -> int:
    """Return the moment so many days before now."""
    return NOW - int(days * DAY)


HOSTILE = '<script>alert("plan")</script>'
"""A trait that a source has named: half of the people have it, and the model reads it."""
WATCHED = f"""scores:
  - kind: behaviour
    name: behaviour
    event: order_completed
    value: total
  - kind: prediction
    name: lapse
    target: lapse
    event: order_completed
    within: 60 days
    cut_offs: 2
    models: [logistic]
    rule: recency_days
    costs: [5, 1]
    features: [recency_days, orders, '{HOSTILE}']
    retrain: {{on_drift: true, months: 3, season: 0}}
"""
SEGMENTS = """segments:
  - {name: leaving, label: {en: Leaving, fr: Sur le départ}, where: 'lapse_band = "high"'}
  - {name: buyers, label: {en: Buyers, fr: Acheteurs}, where: did order_completed}
"""


def with_proposal(folder: Path) -> Project:
    """Return the shop with segments over a prediction in force, whose people have drifted: a second model waits."""
    project = prediction_shop(folder, WATCHED)
    told = [
        {"type": "identify", "messageId": f"t{one}", "userId": f"p{one}", "timestamp": iso(days_before(710)),
         "traits": {HOSTILE: one % 3}}
        for one in range(0, PEOPLE, 2)
    ]  # fmt: skip
    project.ingest(lines_in(folder)("traits.jsonl", told))
    (project.folder.path / "segments/ours.yaml").write_text(SEGMENTS)
    list(project.run(days_before(130), apply=True))
    list(project.run(NOW))
    return project
