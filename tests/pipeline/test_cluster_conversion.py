"""Whether clusters hold over time and foretell is asked of the method that found them, not of k-means."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_circles

from kohort.clock import DAY
from kohort.errors import UsageError
from kohort.project import Project
from kohort.reports.checks import Held
from kohort.reports.validation_periods import period_checks
from kohort.testing.clock import SettableClock
from segment_shop import written
from small_shop import NOW, iso, order, tables_of

SCORE = """scores:
  - kind: clusters
    name: persona
    features: [north, east]
    methods: [{methods}]
    smallest: 2
    largest: 3
    bootstraps: 4
    seed: 1
"""
OUTCOME = """
outcome:
  horizon: 28 days
  events:
    order_completed: {en: ordered, fr: ont commandé}
"""
PEOPLE = 400


@pytest.fixture(scope="module")
def rings(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Four hundred people known for two months on two rings, one inside the other; the inner one orders afterwards."""
    folder = tmp_path_factory.mktemp("rings")
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    values, inner = make_circles(PEOPLE, noise=0.04, factor=0.4, random_state=1)
    chance = random.Random(2)  # noqa: S311 - no secret
    lines: list[object] = [
        {"type": "identify", "userId": f"p{who}", "messageId": f"i{who}", "timestamp": iso(NOW - 60 * DAY),
         "traits": {"north": float(north), "east": float(east)}}
        for who, (north, east) in enumerate(np.round(values, 4))
    ]  # fmt: skip
    orders = [who for who in range(PEOPLE) if chance.random() < (0.7 if inner[who] else 0.1)]
    lines += [order(f"p{who}", who, days_ago=chance.uniform(1, 27), total=10) for who in orders]
    project.ingest(written(folder, "people.jsonl", lines))
    path = project.folder.path
    for file in (*(path / "segments").iterdir(), *(path / "scores").iterdir()):
        file.unlink()
    (path / "scores" / "clusters.yaml").write_text(SCORE.format(methods="hdbscan"))
    settings = project.folder.settings.read_text()
    project.folder.settings.write_text(settings.replace("outcome:", "former_outcome:") + OUTCOME)
    list(project.run())
    return project


def copied(project: Project, folder: Path) -> Project:
    return Project(shutil.copytree(project.folder.path, folder / "shop"), clock=SettableClock(NOW))


def test_rings_foretell_what_no_centroid_would_see(rings: Project, tmp_path: Path) -> None:
    shop = copied(rings, tmp_path)
    shop.discover()
    report = shop.discovery()
    assert report is not None
    assert report.method == "hdbscan"
    [found] = shop.cluster_conversion()
    assert (found.method, found.sought_by.en) == ("hdbscan", "HDBSCAN")
    assert {one.en for one in found.names} == {card.name.en for card in report.personas}
    rates = sorted(one.members.estimate for one in found.outcomes if one.members)
    assert rates == pytest.approx([0.1, 0.7], abs=0.1)
    assert found.power is not None
    assert found.power.groups.area.low > 0.7
    before = tables_of(shop)
    shop.rebuild()
    assert tables_of(shop) == before
    kept = shop.cluster_studies().conversion
    assert kept is not None
    assert kept.conversions == (found,)


def test_before_a_discovery_the_methods_of_the_score_compete(rings: Project, tmp_path: Path) -> None:
    [found] = copied(rings, tmp_path).cluster_conversion()
    assert found.method == "hdbscan"


def test_a_method_whose_clusters_do_not_hold_is_told_with_the_reason(rings: Project, tmp_path: Path) -> None:
    shop = copied(rings, tmp_path)
    (shop.folder.path / "scores" / "clusters.yaml").write_text(SCORE.format(methods="k_means"))
    with pytest.raises(UsageError, match=r"no clusters hold among what was known before the split \(.*\); ask"):
        shop.cluster_conversion()


def test_clusters_without_centres_are_followed_by_the_method_that_found_them(rings: Project, tmp_path: Path) -> None:
    shop = copied(rings, tmp_path)
    shop.discover()
    still = shop.cluster_periods(months=2)
    assert (still.method, still.sought_by.en) == ("hdbscan", "HDBSCAN")
    [february] = still.periods
    assert february.silent
    assert [one.fate.value for one in february.fates] == ["persists", "persists"]
    assert [one.estimate for one in february.stayed if one] == [1.0, 1.0]
    assert sum(cell.shares[0].n for cell in still.cohorts if cell.shares) == 2 * PEOPLE
    report = shop.discovery()
    assert report is not None
    assert {one.en for one in still.names} == {card.name.en for card in report.personas}
    [check] = period_checks(shop.cluster_validation().over_time)
    assert check.held is Held.YES
    assert "sought anew each month by HDBSCAN" in check.method.en


def test_a_ring_that_grows_in_the_last_month_is_told(rings: Project, tmp_path: Path) -> None:
    shop = copied(rings, tmp_path)
    shop.discover()
    values, inner = make_circles(PEOPLE, noise=0.04, factor=0.4, random_state=1)
    later: list[object] = [
        {"type": "identify", "userId": f"p{who}", "messageId": f"m{who}", "timestamp": iso(NOW - 10 * DAY),
         "traits": {"north": 1.6 * float(north), "east": 1.6 * float(east)}}
        for who, (north, east) in enumerate(np.round(values, 4)) if not inner[who]
    ]  # fmt: skip
    shop.ingest(written(tmp_path, "grown.jsonl", later))
    list(shop.run())
    [february] = shop.cluster_periods(months=2).periods
    [outer] = february.drifted
    assert february.fates[outer].fate.value == "moved", "the same persons, though beyond what the model reaches"
    grown = [one.change for one in february.shifts if one.kind == "spread" and one.cluster == outer]
    assert [one.estimate for one in grown] == pytest.approx([np.log(1.6)] * 2, abs=0.01)
    [check] = period_checks(shop.cluster_validation().over_time)
    assert check.held is Held.NO
    assert "has moved away" in check.answer.en
    assert "s'est déplacé" in check.answer.fr
