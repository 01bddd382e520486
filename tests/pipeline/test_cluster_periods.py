"""Clusters of a project followed month by month, and whether they foretell what people do."""

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from cluster_shop import one_cloud, shop_of
from kohort.cli.main import run_command
from kohort.clock import DAY
from kohort.errors import DefinitionError, UsageError
from kohort.learning.clustering.period_results import Fate
from kohort.pipeline.learning.cluster_studies import ClusterStudies
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, order, tables_of

SCORE = """scores:
  - kind: clusters
    name: persona
    features: [basket_value, recency_days]
    smallest: 2
    largest: 3
    bootstraps: 5
    seed: 1
"""
OUTCOME = """
outcome:
  horizon: 28 days
  events:
    order_completed: {en: ordered again, fr: ont commandé à nouveau}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Sixty who spend much each fortnight, sixty who spent little and came seldom; for seven months, and as ever."""
    chance = random.Random(3)  # noqa: S311 - no secret
    folder = tmp_path_factory.mktemp("months")
    lines: list[object] = []
    for who in range(120):
        often = who < 60
        days, total = (chance.uniform(200, 210), (80, 120)) if often else (chance.uniform(200, 275), (5, 15))
        while days > 0:
            lines.append(order(f"p{who}", len(lines), days_ago=days, total=chance.uniform(*total)))
            days -= chance.uniform(10, 16) if often else chance.uniform(60, 90)
    project = shop_of(folder, lines)
    (project.folder.path / "scores" / "clusters.yaml").write_text(SCORE)
    settings = project.folder.settings.read_text()
    project.folder.settings.write_text(settings.replace("outcome:", "former_outcome:") + OUTCOME)
    project.discover()
    return project


def test_each_month_is_followed_on_the_scale_of_the_first(shop: Project) -> None:
    found = shop.cluster_periods(months=4)
    assert len(found.months) == 4
    assert found.first == found.months[0]
    assert [one.name for one in found.periods] == list(found.months[1:])
    report = shop.discovery()
    assert report is not None
    assert {one.en for one in found.names} == {card.name.en for card in report.personas}
    for period in found.periods:
        assert period.people == 120
        assert [one.estimate for one in period.shares] == pytest.approx([0.5, 0.5], abs=0.03)
        assert all(one.fate is Fate.PERSISTS and one.jaccard.estimate > 0.9 for one in period.fates)
        assert all(one is not None and one.estimate > 0.95 for one in period.stayed)


def test_cohorts_count_who_came_in_a_month_and_who_is_active_later(shop: Project) -> None:
    found = shop.cluster_periods(months=6)
    asked = shop.sql("SELECT person_id, date_trunc('month', ts) AS month FROM events GROUP BY ALL").to_pylist()
    people = {row["person_id"] for row in asked}
    first = Counter(min(str(row["month"])[:7] for row in asked if row["person_id"] == one) for one in people)
    came = {found.months[cell.cohort]: cell.people for cell in found.cohorts}
    assert sum(came.values()) == 120
    # Whoever came before the first month is in its row.
    assert all(came.get(month, 0) == count for month, count in first.items() if month > found.first)
    for cell in found.cohorts:
        month = found.months[cell.cohort + cell.since]
        if cell.cohort == 0:
            active = len({row["person_id"] for row in asked if str(row["month"])[:7] == month})
            assert cell.active.estimate * cell.people == pytest.approx(active)
        assert sum(one.estimate for one in cell.shares) == pytest.approx(1.0)


def test_clusters_are_sought_before_the_split_and_foretell_what_came_after(shop: Project) -> None:
    [found] = shop.cluster_conversion()
    assert [one.members.estimate > 0.9 for one in found.outcomes if one.members] == [True, False]
    assert found.power is not None
    assert found.power.groups.area.low > 0.7
    assert found.power.groups.association.estimate > 0.5


def test_the_commands_list_the_same(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--project", str(shop.folder.path), "--format", "json", "--at", "2026-03-01"]
    assert run_command(["clusters", "periods", "--months", "3", *place]) == 0
    printed = capsys.readouterr()
    assert {row["fate"] for row in json.loads(printed.out)} == {"persists"}
    assert run_command(["clusters", "periods", "--months", "3", "--cohorts", *place]) == 0
    assert {"came", "since", "active", "shares"} <= set(json.loads(capsys.readouterr().out)[0])
    assert run_command(["clusters", "conversion", *place]) == 0
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)) == 2
    assert "ordered again in 4 weeks: area under the curve" in printed.err


def test_what_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    project = one_cloud(tmp_path)
    with pytest.raises(UsageError, match="kohort discover"):
        project.cluster_periods()


def test_what_was_found_is_kept_beside_its_discovery_and_rebuilt(shop: Project) -> None:
    found, foretold = shop.cluster_periods(months=3), shop.cluster_conversion()
    kept = shop.cluster_studies()
    assert kept.periods is not None
    assert kept.conversion is not None
    assert (kept.periods.report, kept.conversion.conversions) == (found, foretold)
    before = tables_of(shop)
    shop.rebuild()
    assert tables_of(shop) == before
    assert shop.cluster_studies() == kept
    assert shop.cluster_validation().over_time.periods == found


@pytest.mark.slow
def test_a_run_follows_once_a_month_and_a_new_discovery_anew(shop: Project, tmp_path: Path) -> None:
    copy = Project(shutil.copytree(shop.folder.path, tmp_path / "shop"), clock=SettableClock(NOW))
    (copy.folder.path / "scores" / "clusters.yaml").write_text(SCORE + "    follow_months: 2\n")

    def followed(at: int) -> list[str]:
        return [one.detail for one in copy.run(at) if one.step == "clusters persona over time"]

    copy.discover(follow=False)
    assert copy.cluster_studies() == ClusterStudies()
    [said] = followed(NOW)
    assert "The clusters hold" in said
    assert "area under the curve" in said
    assert followed(NOW + 5 * DAY) == [], "no month has ended since"
    assert len(followed(NOW + 32 * DAY)) == 1
    copy.discover(NOW + 32 * DAY)
    assert copy.cluster_studies().periods is not None
    assert followed(NOW + 33 * DAY) == []


def test_a_month_alone_is_no_time(shop: Project, tmp_path: Path) -> None:
    copy = Project(shutil.copytree(shop.folder.path, tmp_path / "shop"), clock=SettableClock(NOW))
    (copy.folder.path / "scores" / "clusters.yaml").write_text(SCORE + "    follow_months: 1\n")
    with pytest.raises(DefinitionError, match="at least 2, or 0 for none"):
        copy.discover()
