"""Hostile names, values and folders go in and come out as they are, and break nothing."""

from pathlib import Path

import pytest

from kohort.errors import ProjectError
from kohort.project import Project
from kohort.rules.words import event_in_sentence, name_in_sentence
from kohort.testing.clock import SettableClock
from small_shop import NOW, WriteLines, order

NAMES = [
    "a'b\"; DROP TABLE events; --",
    "'||'",
    "$1",
    "?",
    "Total",
    "person_id",
    "ts",
    "select",
    "\u202egnp",
    "\u2028line",
    "{{7*7}}",
    "${jndi:x}",
    "🛒",
    "x" * 200,
]


def test_a_project_may_stand_in_any_folder(tmp_path: Path, write_lines: WriteLines) -> None:
    folder = tmp_path / "with space" / "quo'te\"s" / "hôtel – été" / "{a}*?#&"
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    project.ingest(write_lines("events.jsonl", [order("ada", 1), order("bob", 2), "{broken"]))
    list(project.run(NOW))
    assert project.members("occasional_buyers").num_rows + project.members("frequent_buyers").num_rows > 0
    assert project.status().dead_letters == 1
    project.rebuild()
    assert project.preview("did order_completed").size == 2


@pytest.mark.parametrize("folder", ["100%41", "[brackets]", "a|b"])
def test_a_folder_in_which_tables_cannot_stand_is_refused_at_once(tmp_path: Path, folder: str) -> None:
    with pytest.raises(ProjectError, match="path is without"):
        Project.create(tmp_path / folder)
    assert not (tmp_path / folder).exists()


def test_any_name_of_a_property_or_trait_can_be_asked_for(shop: Project, write_lines: WriteLines) -> None:
    properties = {name: number for number, name in enumerate(NAMES)}
    told = {**order("ada", 1), "properties": {"total": 1, **properties}}
    traits = {name: f"<script>{name}" for name in NAMES}
    said = {"type": "identify", "userId": "ada", "messageId": "i", "timestamp": "2026-02-01", "traits": traits}
    result = shop.ingest(write_lines("events.jsonl", [told, said, order("bob", 2)]))
    assert (result.accepted, result.rejected) == (3, 0)
    for number, name in enumerate(NAMES):
        value = event_in_sentence("order_completed", name)
        assert shop.preview(f"sum of {value} = {number} and did order_completed").size >= 1
        assert shop.preview(f"{name_in_sentence(name)} exists").size == 1
    assert {outcome.state for outcome in shop.run(NOW)} == {"done", "skipped"}


def test_any_name_of_an_event_becomes_a_key_or_a_dead_letter(shop: Project, write_lines: WriteLines) -> None:
    lines = [
        {**order("ada", number), "event": name} for number, name in enumerate([*NAMES, "Événement Spécial", "y" * 201])
    ]
    result = shop.ingest(write_lines("events.jsonl", lines))
    assert result.accepted + result.rejected == len(lines)
    keys = set(shop.status().events)
    assert {"événement_spécial", "total", "person_id", "ts", "select", "drop_table_events"} & keys >= {
        "événement_spécial",
        "ts",
    }
    for key in keys:
        assert shop.preview(f"did {event_in_sentence(key)}").size == 1
