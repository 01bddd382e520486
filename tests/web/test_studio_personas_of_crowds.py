"""Personas of a method that leaves strays in no cluster; what people added to personas, after a rebuild."""

import json

import numpy as np
import pytest
from sklearn.datasets import make_circles
from studio_desk import plain, studio

from kohort.cli.main import run_command
from kohort.project import Project
from kohort.testing.clock import SettableClock
from segment_shop import written
from small_shop import NOW, iso, tables_of

SCORE = """scores:
  - kind: clusters
    name: persona
    features: [north, east]
    methods: [hdbscan]
    smallest: 2
    largest: 3
    bootstraps: 4
    seed: 1
"""
OURS = """personas:
  - persona: persona-1
    notes: [{date: 2025-11-02, by: Ada, text: They live in a ring.}]
    pictures: [{file: pictures/ring.png, alt: A ring}]
    surveys: [{finding: Would move, asked: 120, agreed: 50}]
"""
STRAYS = 3


@pytest.fixture(scope="module")
def rings(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Four hundred people on two rings, one inside the other, but for three who are nowhere near."""
    folder = tmp_path_factory.mktemp("rings")
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    values, _ = make_circles(400, noise=0.04, factor=0.4, random_state=1)
    values[:STRAYS] = [[2.5, 2.5], [-2.5, 2.5], [-2.5, -2.5]]
    lines = [
        {"type": "identify", "userId": f"p{who}", "messageId": f"m{who}", "timestamp": iso(NOW - 10_000_000),
         "traits": {"north": float(north), "east": float(east)}}
        for who, (north, east) in enumerate(np.round(values, 4))
    ]  # fmt: skip
    project.ingest(written(folder, "people.jsonl", lines))
    path = project.folder.path
    for file in (*(path / "segments").iterdir(), *(path / "scores").iterdir()):
        file.unlink()
    (path / "scores" / "clusters.yaml").write_text(SCORE)
    for name in ("personas", "pictures"):
        (path / name).mkdir()
    (path / "personas" / "ours.yaml").write_text(OURS)
    (path / "pictures" / "ring.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    list(project.run())
    project.discover()
    list(project.run())
    return project


def test_whoever_is_in_no_cluster_is_in_no_persona(rings: Project) -> None:
    found = rings.discovery()
    assert found is not None
    assert (found.method, found.k) == ("hdbscan", 2)
    assert found.outside >= STRAYS
    assert sum(one.people for one in found.personas) == 400 - found.outside
    told = [rings.preview(f'persona_id = "{one.identity}"') for one in found.personas]
    assert [one.size for one in told] == [one.people for one in found.personas]
    with_persona = rings.preview("persona_number >= 1", sample=400)
    assert with_persona.size == 400 - found.outside


def test_the_command_line_and_the_studio_say_how_many(rings: Project, capsys: pytest.CaptureFixture[str]) -> None:
    found = rings.discovery()
    assert found is not None
    folder = str(rings.folder.path)
    assert run_command(["personas", "--project", folder]) == 0
    assert f"{found.outside} people are in no persona" in " ".join(capsys.readouterr().err.split())
    assert run_command(["personas", "generations", "--project", folder, "--format", "json"]) == 0
    assert [one["outside"] for one in json.loads(capsys.readouterr().out)] == [found.outside]
    [words] = [step.detail for step in rings.run("2026-03-02") if "personas" in step.detail]
    assert words == f"2 personas of {400 - found.outside} people, {found.outside} in none"
    with studio(rings) as pages:
        assert pages.get("/personas.json").json()["generations"][0]["outside"] == found.outside
        assert "Personnes dans aucun persona" in plain(pages.get("/personas", "fr").text)


def test_what_people_added_to_personas_survives_a_rebuild(rings: Project) -> None:
    rings.note_persona("persona-2", "Noted at the desk.", by="Cleo")
    before, tables = rings.personas(), tables_of(rings)
    assert [len(one.notes) for one in before] == [1, 1]
    assert (len(before[0].pictures), len(before[0].surveys)) == (1, 1)
    rings.rebuild()
    again = Project(rings.folder.path, clock=SettableClock(NOW))
    assert again.personas() == before
    assert again.persona_picture("persona-1", 0)[1] == "image/png"
    assert tables_of(again)["persona_notes"] == tables["persona_notes"]
    assert again.persona_generations() == rings.persona_generations()
