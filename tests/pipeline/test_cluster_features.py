"""Features of each person as of a cut-off: nothing that comes after it is in them, and labels come from after it."""

import dataclasses
import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from cdnow_data import CDNOW, needs_cdnow
from kohort.clock import DAY, parse_moment
from kohort.definitions.clusters import ClustersDefinition, CutOffDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import DefinitionError, UnknownNameError, UsageError
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable
from kohort.pipeline.facts import traits_at
from kohort.pipeline.learning.assignment import assignment_statement
from kohort.pipeline.learning.cluster_features import (
    ClusterFeatures,
    features_of,
    own_cut_offs,
    reached_after,
    telling_features,
)
from kohort.pipeline.learning.documents import latest_discovery
from kohort.project import Project
from kohort.testing.cdnow import SAMPLE, read_cdnow
from kohort.testing.clock import SettableClock
from segment_shop import written
from small_shop import NOW, UTC, iso, order

CUT = NOW - 60 * DAY
FEW = 12
SCORE = ClustersDefinition("persona", ("orders", "basket_value", "recency_days", "tier"), profile=("country",))
OWN = dataclasses.replace(SCORE, as_of=CutOffDefinition("order_completed", 30 * DAY))


def said(who: str, number: int, *, days_ago: float, **traits: object) -> dict[str, object]:
    """Somebody's traits, told so many days before now."""
    return {
        "type": "identify",
        "messageId": f"said-{number}",
        "userId": who,
        "timestamp": iso(NOW - int(days_ago * DAY)),
        "traits": traits,
    }


def story(people: int = 40) -> list[dict[str, object]]:
    """What people do in 200 days, who change tier and country on the way."""
    chance = random.Random(11)  # noqa: S311 - no secret
    lines: list[dict[str, object]] = []
    for place in range(people):
        who = f"p{place}"
        for days in sorted((chance.uniform(0.5, 200) for _ in range(chance.randint(1, 9))), reverse=True):
            lines.append(order(who, len(lines), days_ago=days, total=chance.uniform(5, 80)))
        for days in (190, 100, 40, 5):
            tier, country = chance.choice(["gold", "blue"]), chance.choice(["fr", "be"])
            lines.append(said(who, len(lines), days_ago=days + chance.random(), tier=tier, country=country))
    return lines


def moment_in(line: dict[str, object]) -> int:
    return parse_moment(str(line["timestamp"]), UTC)


def shop_of(folder: Path, lines: Sequence[object], at: int = NOW) -> Project:
    folder.mkdir()
    project = Project.create(folder / "shop", clock=SettableClock(at))
    for file in (folder / "shop" / "segments").iterdir():
        file.unlink()
    project.ingest(written(folder, "lines.jsonl", lines))
    list(project.run())
    return project


def features(project: Project, definition: ClustersDefinition, at: int) -> ClusterFeatures:
    return features_of(project._workspace(), definition, at)


def bytes_of(found: ClusterFeatures) -> tuple[object, ...]:
    table = found.table
    rows = {
        person: (table.values[row].tobytes(), [column[row] for column in table.texts.values()], found.cut_offs[row])
        for row, person in enumerate(table.person_ids)
    }
    return rows, [(one.name, one.categories) for one in found.profile]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return shop_of(tmp_path_factory.mktemp("whole") / "all", story(FEW))


@pytest.fixture(scope="module")
def own(whole: Project) -> ClusterFeatures:
    return features(whole, OWN, NOW)


def shared_cut(moment: int) -> ClustersDefinition:
    """A score for which everybody's cut-off that counts here is `moment`: the day of an event that all did at once."""
    return dataclasses.replace(SCORE, as_of=CutOffDefinition("opened", moment - (NOW - 250 * DAY)))


def opened(lines: list[dict[str, object]]) -> list[dict[str, object]]:
    """The same story, after everybody opened an account 250 days ago."""
    people = dict.fromkeys(str(line["userId"]) for line in lines)
    accounts: list[dict[str, object]] = [
        {
            "type": "track",
            "event": "Opened",
            "messageId": f"o-{who}",
            "userId": who,
            "timestamp": iso(NOW - 250 * DAY),
        }
        for who in people
    ]
    return [*accounts, *lines]


@pytest.mark.slow
def test_a_table_at_a_cut_off_is_byte_for_byte_that_of_data_which_end_there(tmp_path: Path) -> None:
    lines = opened(story())
    everything = shop_of(tmp_path / "all", lines)
    ended = shop_of(tmp_path / "ended", [line for line in lines if moment_in(line) < CUT], at=CUT)
    found, alone = (features(one, shared_cut(CUT), moment) for one, moment in ((everything, NOW), (ended, CUT)))
    assert set(found.cut_offs) == {CUT}
    assert len(found.table.person_ids) > 30
    assert bytes_of(found) == bytes_of(alone)


def test_a_future_that_is_shuffled_and_altered_changes_nothing(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - no secret
    lines = opened(story())
    past = [line for line in lines if moment_in(line) < CUT]
    future = [line for line in lines if moment_in(line) >= CUT]
    people = [line["userId"] for line in future]
    chance.shuffle(people)
    altered = [
        {**line, "userId": who, "properties": {"total": 99_999}, "traits": {"tier": "LATE", "country": "LATE"}}
        for line, who in zip(future, people, strict=True)
    ]
    found, other = (
        features(shop_of(tmp_path / name, told), shared_cut(CUT), NOW)
        for name, told in (("true", lines), ("altered", [*past, *altered]))
    )
    assert bytes_of(found) == bytes_of(other)


def test_each_person_has_features_of_the_day_thirty_days_after_their_first_order(
    whole: Project, own: ClusterFeatures
) -> None:
    found = own
    workspace = whole._workspace()
    first: dict[str, int] = {}
    orders: dict[str, list[int]] = {}
    for line in story(FEW):
        if line["type"] == "track":
            who = str(line["userId"])
            orders.setdefault(who, []).append(moment_in(line))
            first[who] = min(first.get(who, NOW), moment_in(line))
    cut_offs = {who: (moment + 30 * DAY) // DAY * DAY for who, moment in first.items()}
    expected = sorted(
        (sum(moment < cut_offs[who] for moment in its), cut_offs[who])
        for who, its in orders.items()
        if cut_offs[who] <= NOW
    )
    counted = found.table.column("orders").astype(int).tolist()
    assert sorted(zip(counted, found.cut_offs, strict=True)) == expected
    assert len(set(found.cut_offs)) > 5
    assert dict(zip(found.table.person_ids, found.cut_offs, strict=True)) == own_cut_offs(workspace, _as_of(OWN), NOW)


@pytest.mark.slow
def test_each_row_is_the_one_of_data_that_end_at_that_persons_cut_off(tmp_path: Path, own: ClusterFeatures) -> None:
    found = own
    row = int(np.argsort(found.cut_offs)[3])
    cut = found.cut_offs[row]
    ended = shop_of(tmp_path / "ended", [line for line in story(FEW) if moment_in(line) < cut], at=cut)
    alone = features(ended, OWN, cut)
    mine = sorted(bytes_of(found)[0][person] for person in found.table.person_ids if _cut(found, person) == cut)  # type: ignore[index]
    theirs = sorted(bytes_of(alone)[0][person] for person in alone.table.person_ids if _cut(alone, person) == cut)  # type: ignore[index]
    assert mine == theirs


def test_a_trait_told_after_the_cut_off_is_not_known_at_it_though_told_of_long_ago(tmp_path: Path) -> None:
    lines = [
        order("ann", 1, days_ago=50, total=20),
        said("ann", 2, days_ago=45, tier="blue"),
        said("ann", 3, days_ago=10, tier="gold", country="fr"),
        order("bob", 4, days_ago=50, total=20),
    ]
    found = features(shop_of(tmp_path / "late", lines), OWN, NOW)
    assert sorted(found.table.texts["tier"], key=str) == [None, "blue"]
    assert [one.categories for one in found.profile if one.name == "country"] == [(None, None)]
    assert set(features(shop_of(tmp_path / "now", lines), SCORE, NOW).table.texts["tier"]) == {None, "gold"}


def test_labels_come_from_strictly_after_the_cut_off_and_the_gap(tmp_path: Path) -> None:
    # First bought 50 days ago at midnight: the cut-off of all is 40 days ago.
    moments = {"at": 40.0, "in_gap": 36.0, "gap_ends": 35.0, "inside": 34.9, "last": 25.0, "beyond": 24.9}
    lines = [order(who, number, days_ago=50) for number, who in enumerate(moments)]
    lines += [order(who, 100 + number, days_ago=days) for number, (who, days) in enumerate(moments.items())]
    workspace = shop_of(tmp_path / "labels", lines)._workspace()
    cut_offs = own_cut_offs(workspace, CutOffDefinition("order_completed", 10 * DAY), NOW)
    assert set(cut_offs.values()) == {NOW - 40 * DAY}
    reached = reached_after(workspace, "order_completed", cut_offs, horizon=10 * DAY, gap=5 * DAY, at=NOW)
    assert sum(reached.values()) == 2
    assert sum(reached_after(workspace, "order_completed", cut_offs, horizon=10 * DAY, at=NOW).values()) == 3
    assert reached_after(workspace, "order_completed", cut_offs, horizon=50 * DAY, at=NOW) == {}, "may still do it"


def test_texts_are_features_and_describe_people_too(whole: Project) -> None:
    found = features(whole, SCORE, NOW)
    assert found.table.names == ("orders", "basket_value", "recency_days")
    assert set(found.table.texts) == {"tier"}
    assert [one.name for one in found.profile] == ["tier", "country"]


@pytest.mark.parametrize(
    ("definition", "error", "words"),
    [
        (dataclasses.replace(SCORE, features=("order",)), UnknownNameError, 'unknown trait "order"'),
        (dataclasses.replace(SCORE, as_of=CutOffDefinition("order", DAY)), UnknownNameError, 'unknown event "order"'),
        (dataclasses.replace(OWN, as_of=CutOffDefinition("order_completed", 900 * DAY)), UsageError, "nobody has"),
    ],
)
def test_what_cannot_be_is_refused(
    whole: Project, definition: ClustersDefinition, error: type[DefinitionError | UsageError], words: str
) -> None:
    with pytest.raises(error, match=words):
        features(whole, definition, NOW)


@needs_cdnow
def test_recency_of_the_extraction_tells_the_future_and_is_found_out_while_that_of_the_cut_off_does_not(
    tmp_path: Path,
) -> None:
    purchases = read_cdnow(CDNOW, SAMPLE)
    days = {person: [] for person in purchases.people}  # type: dict[str, list[int]]
    for person, day in zip(purchases.people, purchases.days, strict=True):
        days[person].append(day.toordinal())
    cut, end = date(1997, 9, 30).toordinal(), date(1998, 7, 1).toordinal()
    reached = np.array([any(day > cut for day in own) for own in days.values()])

    def recency(until: int) -> FeatureTable:
        values = [[float(until - max(day for day in own if day <= until))] for own in days.values()]
        return FeatureTable(tuple(days), ("recency",), np.array(values))

    late, right = recency(end), recency(cut)
    [found] = telling_features(late, reached)
    assert found.value == roc_auc_score(reached, -late.column("recency")) == 1.0
    assert telling_features(right, reached) == ()
    assert roc_auc_score(reached, -right.column("recency")) == pytest.approx(0.7714, abs=1e-4)


def _as_of(definition: ClustersDefinition) -> CutOffDefinition:
    assert definition.as_of is not None
    return definition.as_of


def _cut(found: ClusterFeatures, person: str) -> int:
    return found.cut_offs[found.table.person_ids.index(person)]


PREPARED = """scores:
  - kind: clusters
    name: persona
    features: [orders, basket_value, recency_days, tier]
    scaling: {basket_value: log}
    encoding: {tier: [blue, gold]}
    selection: {correlation: 0.999}
    reduction: {method: pca, components: 2}
    smallest: 2
    largest: 3
    bootstraps: 5
    seed: 1
"""


@pytest.fixture(scope="module")
def two_kinds(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Sixty people of two kinds, who are of two tiers, and clusters found on reduced numbers and a text."""
    chance = random.Random(3)  # noqa: S311 - no secret
    lines: list[object] = []
    for place in range(60):
        who, often = f"p{place}", place < 30
        for _ in range(chance.randint(10, 14) if often else chance.randint(1, 3)):
            days = chance.uniform(1, 20) if often else chance.uniform(100, 190)
            lines.append(order(who, len(lines), days_ago=days, total=chance.uniform(80, 120) / (1 if often else 9)))
        lines.append(said(who, len(lines), days_ago=195, tier="gold" if often else "blue"))
    project = shop_of(tmp_path_factory.mktemp("kinds") / "shop", lines)
    (project.folder.path / "scores" / "clusters.yaml").write_text(PREPARED)
    project.discover()
    return project


def test_clusters_are_found_on_texts_and_reduced_numbers_and_told_by_traits(two_kinds: Project) -> None:
    report = two_kinds.discovery()
    assert report is not None
    assert report.k == 2
    assert [one.people for one in report.personas] == [30, 30]
    categories = [one.label.en for card in report.personas for one in card.categories]
    assert "tier: gold" in categories
    assert {one.label.en for card in report.personas for one in card.traits} >= {"orders"}
    assert report.preparation is not None
    assert [one.label.en for one in report.preparation.features] == [
        "orders",
        "basket value",
        "days since the last order",
        "tier",
    ]
    assert report.preparation.features[1].how.en == "its logarithm, standardised"
    assert report.preparation.warnings == ()
    assert report.preparation.reduction is not None
    assert "Principal components: 2" in report.preparation.reduction.en


def test_the_next_run_gives_everybody_the_cluster_that_the_discovery_gave_them(two_kinds: Project) -> None:
    workspace = two_kinds._workspace()

    def numbers() -> dict[str, int]:
        with workspace.views(workspace.catalog({})) as views:
            table = traits_at(views, [("persona_number", ValueType.NUMBER)], at=NOW + DAY)
        return dict(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))

    before = numbers()
    list(two_kinds.run(NOW + DAY))
    assert numbers() == before
    assert set(before.values()) == {MICRO, 2 * MICRO}


def test_a_model_on_reduced_columns_gives_the_same_clusters_in_sql(two_kinds: Project) -> None:
    workspace = two_kinds._workspace()
    statement = assignment_statement(
        workspace, None, NOW, dialect="duckdb", relation=("f",), person="person_id", margin=False
    )
    document = latest_discovery(workspace, "persona", NOW)
    assert document is not None
    assert document.model is not None
    table = features_of(workspace, workspace.clusters_score(None), NOW).table
    columns = {name: table.column(name) for name in table.names} | {name: table.text(name) for name in table.texts}
    with duckdb.connect() as connection:
        connection.register("f", pa.table({"person_id": table.person_ids, **columns}))
        found = dict(connection.sql(f"SELECT person_id, cluster FROM ({statement.text})").fetchall())
    labels = ClusterModel.from_json(document.model).assign(table).tolist()
    assert [found[person] for person in table.person_ids] == labels
    assert set(labels) == {0, 1}
