"""`kohort discover TABLE`: clusters of any table, for an analyst who has no project yet."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_circles
from sklearn.metrics import adjusted_rand_score

from kohort.cli.main import run_command
from kohort.learning.clustering.model import ClusterModel
from kohort.pipeline.learning.feature_files import read_features

QUICK = ["--largest", "4", "--bootstraps", "4", "--seed", "1"]


def people(folder: Path, *, kinds: int, count: int = 300) -> Path:
    """Write so many people of so many kinds."""
    random = np.random.default_rng(3)
    centres = np.array([[40.0, 20.0], [8.0, 90.0], [4.0, 15.0]])[np.arange(count) % kinds]
    values = centres + random.normal(size=(count, 2)) * [1, 3]
    path = folder / "people.csv"
    lines = [f"c{row},{orders:.3f},{basket:.3f},Paris" for row, (orders, basket) in enumerate(values)]
    path.write_text("\n".join(["customer,orders,basket,town", *lines]) + "\n")
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run_command(["discover", *arguments, "--format", "json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_kinds_are_found_with_their_sizes_and_stability(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "clusters.csv"
    table = str(people(tmp_path, kinds=3))
    found = told(capsys, table, "--id", "customer", "--out", str(out), *QUICK)
    assert (found["method"], found["k"], found["sizes"]) == ("k_means", 3, [100, 100, 100])
    assert found["stability"] == [1.0, 1.0, 1.0]
    clusters = found["clusters"]
    assert isinstance(clusters, list)
    assert [(one["cluster"], one["people"], one["stability"]["estimate"]) for one in clusters] == [
        (number, 100, 1.0) for number in (1, 2, 3)
    ]
    assert found["left_out"] == [{"column": "town", "reason": "is constant"}]
    used = found["used"]
    assert isinstance(used, list)
    assert [(one["column"], one["levels"]) for one in used] == [("orders", []), ("basket", [])]
    rows = [line.split(",") for line in out.read_text().splitlines()[1:]]
    assert [row[0] for row in rows] == [f"c{row}" for row in range(300)]
    assert adjusted_rand_score([row % 3 for row in range(300)], [row[1] for row in rows]) == 1.0


def test_of_one_kind_it_is_said_that_there_are_no_clusters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "clusters.csv"
    found = told(capsys, str(people(tmp_path, kinds=1)), "--id", "customer", "--out", str(out), *QUICK)
    assert (found["method"], found["k"], found["sizes"], found["clusters"]) == (None, None, [], [])
    assert found["verdict"] == "no stable clusters"
    assert {line.split(",")[1] for line in out.read_text().splitlines()[1:]} == {""}


def test_the_model_that_is_written_assigns_everybody_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = tmp_path / "model.json", tmp_path / "clusters.csv"
    path = people(tmp_path, kinds=3)
    told(capsys, str(path), "--id", "customer", "--model", str(model), "--out", str(out), *QUICK)
    labels = ClusterModel.from_json(model.read_text()).assign(read_features(path, id_column="customer").table)
    written = [int(line.split(",")[1]) - 1 for line in out.read_text().splitlines()[1:]]
    assert labels.tolist() == written


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--id", "customer"], "name a table"),
        (["TABLE", "--at", "2026-01-01"], "leave --at and --map out"),
        (["TABLE", "--map", "tsne"], "leave --at and --map out"),
        (["TABLE", "--largest", "1"], "from 2 up"),
        (["TABLE", "--id", "custom"], "customer"),
    ],
)
def test_what_does_not_go_together_is_said(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(people(tmp_path, kinds=3))
    assert run_command(["discover", *(path if one == "TABLE" else one for one in arguments)]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def with_category(folder: Path, *, levels: int, count: int) -> Path:
    """Write people of three kinds, each with one of so many levels that mean nothing."""
    path = people(folder, kinds=3, count=count)
    header, *rows = path.read_text().splitlines()
    drawn = np.random.default_rng(7).permutation(np.arange(count) % levels).tolist()
    told = [f"{row},shop {shop}" for row, shop in zip(rows, drawn, strict=True)]
    path.write_text("\n".join([f"{header},shop", *told]) + "\n")
    return path


@pytest.mark.slow
def test_a_category_of_many_levels_that_mean_nothing_changes_no_cluster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "clusters.csv"
    path = with_category(tmp_path, levels=50, count=450)
    found = told(capsys, str(path), "--id", "customer", "--out", str(out), *QUICK)
    clusters = [line.split(",")[1] for line in out.read_text().splitlines()[1:]]
    assert adjusted_rand_score([row % 3 for row in range(450)], clusters) > 0.9
    used = found["used"]
    assert isinstance(used, list)
    assert [(one["column"], len(one["levels"])) for one in used] == [("orders", 0), ("basket", 0), ("shop", 50)]
    assert used[2]["how"]["en"] == "50 levels, which weigh together as one number"
    assert found["without_categories"] == {"k": 3, "agreement": 1.0}
    assert found["warning"] is None
    methods = found["methods"]
    assert isinstance(methods, list)
    assert "gaussian_mixture" not in [one["method"] for one in methods]


def test_a_category_that_makes_the_clusters_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(with_category(tmp_path, levels=2, count=300))
    assert run_command(["discover", path, "--id", "customer", *QUICK]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "a category: shop, 2 levels, which weigh together as one number" in said
    assert "with shop, 3 clusters without (adjusted Rand index 0." in said
    assert "Leave out by --ignore" in said


def test_rings_are_found_by_a_method_for_crowds_and_strays_are_in_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values, groups = make_circles(600, noise=0.04, factor=0.4, random_state=1)
    values[:2] = [[2.5, 2.5], [-2.5, 2.5]]
    path, out = tmp_path / "rings.csv", tmp_path / "clusters.csv"
    path.write_text("\n".join(["x,y", *(f"{x:.4f},{y:.4f}" for x, y in values)]) + "\n")
    found = told(capsys, str(path), "--out", str(out), *QUICK)
    assert (found["method"], found["k"]) == ("hdbscan", 2)
    written = [line.split(",")[1] for line in out.read_text().splitlines()[1:]]
    assert found["outside"] == written.count("")
    assert written[:2] == ["", ""]
    inside = [row for row, cluster in enumerate(written) if cluster]
    assert adjusted_rand_score(groups[inside], [written[row] for row in inside]) > 0.98
    assert found["sizes"] == [written.count("1"), written.count("2")]
    methods = found["methods"]
    assert isinstance(methods, list)
    assert [one["method"] for one in methods] == ["k_means", "gaussian_mixture", "ward", "hdbscan"]
    assert [one["method"] for one in methods if one["taken"]] == ["hdbscan"]


def test_the_methods_are_listed_before_the_clusters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["discover", str(people(tmp_path, kinds=3)), *QUICK]) == 0
    told = capsys.readouterr().out
    assert "finds the same as" in " ".join(told.split())
    assert told.index("k-means") < told.index("HDBSCAN") < told.index("summary")
