"""A shop whose people buy as CDNOW's do: some once, some often, some who stopped; two years of it, with returns."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kohort.project import Project
from kohort.testing.clock import SettableClock
from purchase_stories import beta_geometric_days
from small_shop import NOW, lines_in, order

PEOPLE = 400
SCORES = """scores:
  - kind: clv
    name: clv
    event: order_completed
    value: total
    horizon: 182 days
    model: bg_nbd
"""
SEGMENTS = """segments:
  - name: vip
    label: {en: VIP, fr: VIP}
    where: clv in top 5%
    needs: [clv]
  - name: often
    label: {en: Often, fr: Souvent}
    where: count of order_completed >= 3
"""


def messages() -> Iterator[dict[str, object]]:
    """Yield the orders of four hundred people over 700 days, and a return."""
    generator = np.random.default_rng(3)
    ages = generator.integers(200, 700, size=PEOPLE)
    days = beta_geometric_days((0.8, 8.0, 0.8, 3.0), ages / 7.0, may_stop_at_first=False, seed=3)
    number = 0
    for place, (age, weeks) in enumerate(zip(ages.tolist(), days, strict=True)):
        price = 1 / generator.gamma(4.0, 1 / 60.0)
        for week in weeks:
            total = round(float(generator.gamma(6.0, price)), 2) + 0.01
            yield order(f"p{place}", number, days_ago=age - 7 * week + 0.01, total=total)
            number += 1
    yield order("p0", number, days_ago=1, total=-5)


def value_shop(folder: Path, scores: str = SCORES) -> Project:
    """Return the shop in a new folder, filled, not run."""
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for path in (*project.folder.path.glob("segments/*.yaml"), *project.folder.path.glob("scores/*.yaml")):
        path.unlink()
    (project.folder.path / "scores/value.yaml").write_text(scores)
    (project.folder.path / "segments/value.yaml").write_text(SEGMENTS)
    project.ingest(lines_in(folder)("orders.jsonl", messages()))
    return project
