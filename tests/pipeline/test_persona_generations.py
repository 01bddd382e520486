"""Personas keep their identity when clusters are looked for anew; births, deaths, merges and splits are told."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from cluster_shop import found_groups, shop_of
from kohort.project import Project
from segment_shop import written
from small_shop import order


def kinds_of_shoppers(
    kinds: Sequence[tuple[tuple[int, int], tuple[float, float], tuple[float, float]]],
) -> list[object]:
    """Return the orders of thirty people of each kind: how many orders, how long ago in days, of what."""
    chance = random.Random(7)  # noqa: S311 - no secret
    lines: list[object] = []
    for kind, (orders, days, total) in enumerate(kinds):
        for who in range(30):
            for _ in range(chance.randint(*orders)):
                lines.append(
                    order(
                        f"k{kind}-{who}",
                        len(lines),
                        days_ago=chance.uniform(*days),
                        total=chance.uniform(*total),
                    )
                )
    return lines


@pytest.fixture(scope="module")
def searched_twice(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = found_groups(tmp_path_factory.mktemp("twice"))
    project.discover()
    return project


def test_the_same_people_keep_their_identities(searched_twice: Project) -> None:
    found = searched_twice.discovery()
    assert found is not None
    assert [one.identity for one in found.personas] == ["persona-1", "persona-2"]
    lineage = found.lineage
    assert lineage is not None
    assert (lineage.generation, lineage.born, lineage.gone) == (2, (), ())
    assert [(one.identity, one.jaccard, one.name == one.before) for one in lineage.kept] == [
        ("persona-1", 1.0, True),
        ("persona-2", 1.0, True),
    ]


def test_a_segment_over_the_lasting_id_has_exactly_its_people(searched_twice: Project) -> None:
    assert searched_twice.preview('persona_id = "persona-1"').size == 30
    assert searched_twice.preview('persona_id = "persona-2" and persona_number = 2').size == 30


def test_without_structure_personas_are_gone_and_come_back_as_themselves_by_other_features(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    project = found_groups(tmp_path_factory.mktemp("gone"))
    scores = project.folder.path / "scores" / "clusters.yaml"
    declared = scores.read_text()
    scores.write_text(declared.replace("smallest: 2", "smallest: 9").replace("largest: 4", "largest: 9"))
    nothing = project.discover()
    assert nothing.k is None
    assert nothing.lineage is not None
    assert [one.identity for one in nothing.lineage.gone] == ["persona-1", "persona-2"]
    scores.write_text(declared.replace("recency_days", "tenure_days"))
    again = project.discover()
    assert again.lineage is not None
    assert [one.identity for one in again.lineage.kept] == ["persona-1", "persona-2"]
    assert again.lineage.gone == ()


@pytest.mark.slow
def test_a_new_kind_of_people_is_born_with_a_fresh_identity(tmp_path: Path) -> None:
    often, rarely = ((10, 14), (1.0, 20.0), (80.0, 120.0)), ((1, 3), (100.0, 200.0), (5.0, 15.0))
    project = shop_of(tmp_path, kinds_of_shoppers([often, rarely]))
    project.discover()
    newcomers = kinds_of_shoppers([often, rarely, ((30, 34), (1.0, 5.0), (5.0, 15.0))])
    project.ingest(written(tmp_path, "more.jsonl", [one for one in newcomers if "k2-" in str(one)]))
    list(project.run())
    found = project.discover()
    assert found.k == 3
    assert found.lineage is not None
    assert {one.identity for one in found.lineage.kept} == {"persona-1", "persona-2"}
    [born] = found.lineage.born
    assert born.identity == "persona-3"
    [card] = [one for one in found.personas if one.identity == "persona-3"]
    assert card.history is not None
    assert card.history.en.startswith("New since 2026-03-01")
    assert card.people == 30
