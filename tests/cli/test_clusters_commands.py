"""`kohort clusters`: discovered clusters used elsewhere."""

import json
from pathlib import Path

import numpy as np
import pytest

from cluster_shop import found_groups, one_cloud, two_groups
from kohort.cli.main import run_command
from kohort.definitions.clusters import Picture
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable
from segment_shop import written
from small_shop import order


def test_the_sql_gives_everybody_the_persona_that_kohort_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = found_groups(tmp_path)
    shop = ["--project", str(project.folder.path)]
    assert run_command(["clusters", "sql", "persona", "--from", "traits", *shop]) == 0
    printed = capsys.readouterr()
    assert "tested by running it" in printed.err
    statement = f"SELECT t.persona, t.persona_number, c.* FROM traits AS t JOIN ({printed.out}) AS c USING (person_id)"
    assert run_command(["sql", statement, "--format", "json", *shop]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 60
    assert all(row["persona"] == row["name"] and row["persona_number"] == row["cluster"] + 1 for row in rows)


@pytest.mark.slow
def test_a_second_map_is_drawn_where_it_is_asked_for(tmp_path: Path) -> None:
    project = two_groups(tmp_path, "    methods: [k_means]\n")
    assert run_command(["discover", "--map", "tsne", "--project", str(project.folder.path)]) == 0
    found = project.discovery()
    assert found is not None
    assert found.map is not None
    [picture] = found.pictures
    assert (picture.method, len(picture.points)) == ("tsne", 60)
    assert [one.cluster for one in picture.points] == [one.cluster for one in found.map.points]
    assert found.pictures == project.discover(maps=[Picture.TSNE]).pictures, "the seed of the score draws the same"


def test_one_trait_alone_has_no_map_and_is_clustered_all_the_same(tmp_path: Path) -> None:
    project = two_groups(tmp_path, "    methods: [k_means]\n    maps: [tsne]\n")
    score = project.folder.path / "scores" / "clusters.yaml"
    score.write_text(score.read_text().replace("[orders, basket_value, recency_days]", "[basket_value]"))
    found = project.discover()
    assert found.k is not None
    assert (found.map, found.pictures) == (None, ())


def test_other_dialects_say_what_is_not_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = found_groups(tmp_path)
    command = ["clusters", "sql", "--dialect", "bigquery", "--from", "shop.features", "--margin"]
    assert run_command([*command, "--project", str(project.folder.path)]) == 0
    printed = capsys.readouterr()
    assert "`shop`.`features`" in printed.out
    assert "margin is below a billionth" in printed.err


def test_without_clusters_there_is_no_sql(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = one_cloud(tmp_path)
    shop = ["--project", str(project.folder.path)]
    assert run_command(["clusters", "sql", *shop]) == 2
    assert "kohort discover" in capsys.readouterr().err
    project.discover()
    assert run_command(["clusters", "sql", *shop]) == 2
    assert run_command(["clusters", "sql", "nobody", *shop]) == 3
    assert run_command(["clusters", "sql", "--dialect", "dbase", *shop]) == 3
    assert "unknown engine" in capsys.readouterr().err


@pytest.mark.slow
def test_somebody_new_gets_the_same_persona_alone_in_the_next_run_and_in_sql(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = found_groups(tmp_path)
    before = project.sql("SELECT person_id, persona FROM traits").to_pylist()
    new = [order("new", 9_000 + number, days_ago=3 * number + 1, total=95) for number in range(12)]
    project.ingest(written(tmp_path, "new.jsonl", new))
    list(project.run())
    known = {row["person_id"] for row in before}
    [row] = [one for one in project.sql("SELECT * FROM traits").to_pylist() if one["person_id"] not in known]
    names = ("orders", "basket_value", "recency_days")
    document = project.cluster_search("persona").document
    assert document is not None
    assert document.model is not None
    values = np.array([[float(row[name]) for name in names]])
    [label] = ClusterModel.from_json(document.model).assign(FeatureTable(("new",), names, values)).tolist()
    assert row["persona"] == document.report.personas[label].name.en
    statement = project.clusters_sql(relation=("traits",)).text
    [answer] = [one for one in project.sql(statement).to_pylist() if one["person_id"] == row["person_id"]]
    assert (answer["cluster"], answer["name"]) == (label, row["persona"])
