"""The catalogue: what people add to personas is never lost, whatever becomes of the personas."""

import json
from pathlib import Path

import pytest

from cluster_shop import two_groups
from kohort.cli.main import run_command
from kohort.errors import DefinitionError, UnknownNameError, UsageError
from kohort.project import Project
from kohort.stats.intervals import wilson_interval

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
WRITTEN = """# ours: Kohort never touches this file
personas:
  - persona: persona-1
    title: {en: Regulars, fr: Habitués}
    notes:
      - {date: 2025-11-02, by: Ada, text: They ask for loose tea.}
    pictures:
      - {file: pictures/anna.png, alt: Anna at the market}
      - {url: "https://cdn.example/anna.png", alt: Anna}
    surveys:
      - {finding: Would pay for delivery, asked: 120, agreed: 50}
    segments: [big]
  - persona: persona-99
    notes: [{date: 2025-01-01, by: Ben, text: Of another time.}]
"""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = two_groups(tmp_path_factory.mktemp("catalogue"))
    folder = project.folder.path
    (folder / "segments" / "big.yaml").write_text("segments: [{name: big, where: orders >= 5}]")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "anna.png").write_bytes(PNG)
    (folder / "personas").mkdir()
    (folder / "personas" / "ours.yaml").write_text(WRITTEN)
    project.discover()
    project.note_persona("persona-2", "  They write <b>late</b>. ", by="Cleo")
    return project


def told(project: Project, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert run_command(["personas", *arguments, "--project", str(project.folder.path), "--format", "json"]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_what_people_wrote_stands_beside_what_was_found(described: Project) -> None:
    first, second, lost = described.personas()
    assert (first.identity, first.status, first.name.en, first.name.fr) == (
        "persona-1",
        "current",
        "Regulars",
        "Habitués",
    )
    assert [(note.by, note.text, note.kept_in) for note in first.notes] == [
        ("Ada", "They ask for loose tea.", "personas/ours.yaml")
    ]
    assert first.segments == ("big",)
    assert first.surveys[0].share == wilson_interval(50, 120)
    assert [(note.day.isoformat(), note.by, note.text, note.kept_in) for note in second.notes] == [
        ("2026-03-01", "Cleo", "They write <b>late</b>.", "journal")
    ]
    assert (lost.identity, lost.status, lost.card) == ("persona-99", "unknown", None)
    assert lost.notes[0].text == "Of another time."


def test_value_and_size_are_those_of_the_card(described: Project) -> None:
    first = described.persona("habitués")
    assert first.card is not None
    assert first.card.value is not None
    assert 80 * 10 < first.card.value.low < first.card.value.estimate < first.card.value.high < 120 * 14


def test_pictures_are_told_by_their_first_bytes_and_never_fetched(described: Project) -> None:
    assert described.persona_picture("persona-1", 0) == (PNG, "image/png")
    with pytest.raises(UnknownNameError, match="picture"):
        described.persona_picture("persona-1", 1)
    picture = described.folder.path / "pictures" / "anna.png"
    picture.write_bytes(b"<script>alert(1)</script>")
    try:
        with pytest.raises(UsageError, match="no PNG, JPEG, GIF or WebP"):
            described.persona_picture("persona-1", 0)
    finally:
        picture.write_bytes(PNG)


def test_a_note_needs_words_a_writer_and_a_persona(described: Project) -> None:
    for identity, text, by in (("persona-2", " ", "Cleo"), ("persona-2", "x" * 10_001, "Cleo"), ("persona-2", "x", "")):
        with pytest.raises(UsageError):
            described.note_persona(identity, text, by=by)
    with pytest.raises(UnknownNameError, match="persona-7"):
        described.note_persona("persona-7", "Hello", by="Cleo")


def test_the_command_line_lists_shows_and_tells_rules(described: Project, capsys: pytest.CaptureFixture[str]) -> None:
    rows = told(described, capsys)
    assert [row["persona"] for row in rows] == ["persona-1", "persona-2", "persona-99"]
    assert rows[0]["rule"]
    [shown] = told(described, capsys, "show", "Regulars")
    assert shown == rows[0]
    [rule] = told(described, capsys, "rule", "persona-1")
    assert described.preview(str(rule["rule"])).size == 30
    assert rule["poor"] is False
    [generation] = told(described, capsys, "generations")
    assert [one["persona"] for one in generation["born"]] == ["persona-1", "persona-2"]  # type: ignore[attr-defined]
    for arguments in ([], ["show", "persona-1"], ["show", "persona-99"], ["generations"], ["rule", "persona-1"]):
        assert run_command(["personas", *arguments, "--project", str(described.folder.path)]) == 0
    assert "Regulars" in capsys.readouterr().out
    assert run_command(["personas", "rule", "persona-99", "--project", str(described.folder.path)]) != 0
    assert "look for clusters again" in capsys.readouterr().err


def test_refits_never_touch_what_people_wrote_nor_lose_what_they_noted(tmp_path: Path) -> None:
    project = two_groups(tmp_path)
    ours = project.folder.path / "personas" / "ours.yaml"
    ours.parent.mkdir()
    ours.write_text("personas: [{persona: persona-2, notes: [{date: 2025-01-01, by: Ada, text: From a file.}]}]")
    project.discover()
    assert (
        run_command(
            ["personas", "note", "persona-2", "From the desk.", "--by", "Ada", "--project", str(tmp_path / "shop")]
        )
        == 0
    )
    before = ours.read_bytes()
    scores = project.folder.path / "scores" / "clusters.yaml"
    scores.write_text(scores.read_text().replace("smallest: 2", "smallest: 9").replace("largest: 4", "largest: 9"))
    assert project.discover().k is None
    assert ours.read_bytes() == before
    first, second = project.personas()
    assert [first.status, second.status] == ["gone", "gone"]
    assert [note.text for note in second.notes] == ["From a file.", "From the desk."]
    assert second.card is not None, "how it was is still told"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("personas: [{persona: persona-1, segments: [bigg]}]", 'unknown segment "bigg"'),
        ("personas: [{persona: persona-1, noted: []}]", 'unknown field "noted"'),
    ],
)
def test_a_wrong_file_says_where(shop: Project, written: str, message: str) -> None:
    folder = shop.folder.path
    (folder / "segments" / "big.yaml").write_text("segments: [{name: big, where: orders >= 5}]")
    (folder / "personas").mkdir()
    (folder / "personas" / "ours.yaml").write_text(written)
    with pytest.raises((DefinitionError, UnknownNameError), match=message):
        shop.personas()
