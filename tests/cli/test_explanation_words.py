"""An explanation in the project's language, and as JSON."""

import json

import pytest

from kohort.cli.main import run_command
from kohort.clock import DAY
from kohort.project import Project
from small_shop import NOW, WriteLines, made_once, order

SEGMENTS = {
    "en": "count of order_completed in last 7 days >= 2",
    "fr": "nombre de order_completed dans les 7 derniers jours >= 2",
}


@made_once
def shop_in(shop: Project, write_lines: WriteLines) -> Project:
    shop.ingest(write_lines("events.jsonl", [order("ada", 1, days_ago=3), order("ada", 2), order("bob", 3)]))
    for path in (shop.folder.path / "segments").iterdir():
        path.unlink()
    return shop


def explained(project: Project, language: str, person: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    settings = project.folder.settings
    settings.write_text(settings.read_text() + f"language: {language}\n")
    (project.folder.path / "segments" / "own.yaml").write_text(
        f"segments: [{{name: busy, where: {SEGMENTS[language]}}}]"
    )
    list(project.run(NOW))
    capsys.readouterr()
    run_command(["explain", "busy", person, "--project", str(project.folder.path), *options])
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("language", "person", "lines"),
    [
        ("en", "ada", [
            "In since 2026-03-01T00:00:00+00:00.",
            "Time alone: out from 2026-03-05T00:00:00+00:00 on.",
            "No single event or trait was found that would change it now.",
        ]),
        ("fr", "ada", [
            "Dans le segment depuis le 2026-03-01T00:00:00+00:00.",
            "Le temps seul\u00a0: hors du segment à partir du 2026-03-05T00:00:00+00:00.",
            "Aucun événement ni trait n’a été trouvé qui le changerait maintenant à lui seul.",
        ]),
        ("fr", "bob", [
            "Hors du segment\u202f; jamais dedans, d’après ce qui est enregistré.",
            "Le temps seul ne change rien jusqu’au 2036-03-01T00:00:00+00:00.",
            "Le changerait maintenant\u00a0: un order_completed de plus.",
        ]),
    ],
)  # fmt: skip
def test_it_ends_with_since_when_and_what_would_change_it(
    shop_in: Project, capsys: pytest.CaptureFixture[str], language: str, person: str, lines: list[str]
) -> None:
    assert explained(shop_in, language, person, capsys).splitlines()[-3:] == lines


def test_json_has_the_facts_and_the_outlook(shop_in: Project, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(explained(shop_in, "en", "ada", capsys, "--format", "json"))
    assert [fact["at"] for fact in found["facts"]] == ["2026-03-01T00:00:00+00:00", "2026-02-26T00:00:00+00:00"]
    assert (found["facts_in_all"], found["since"]) == (2, "2026-03-01T00:00:00+00:00")
    assert found["outlook"]["time_alone"] == "2026-03-05T00:00:00+00:00"
    assert found["outlook"]["single_change"] is None


def test_a_past_moment_can_be_asked_about(shop_in: Project, capsys: pytest.CaptureFixture[str]) -> None:
    explained(shop_in, "en", "ada", capsys)
    found = shop_in.explain("busy", "ada", NOW - DAY)
    assert (found.holds, found.value is not None, found.facts_in_all) == (False, True, 1)
    assert found.outlook is not None
    assert found.outlook.time_alone == NOW, "the order of today is known, and takes place"
