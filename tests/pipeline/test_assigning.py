"""The cluster of one person between two runs is the one that the next run writes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cluster_shop import one_cloud, ten_days_later, two_groups
from kohort.clock import DAY
from kohort.definitions.score import BehaviourDefinition, score_definitions_of
from kohort.errors import UnknownNameError, UsageError
from kohort.pipeline.learning.computing import computed_at, scores_needed, writes
from kohort.pipeline.sharing import Shared
from kohort.project import Project
from segment_shop import written
from small_shop import NOW, order, tables_of


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = two_groups(tmp_path_factory.mktemp("found"), "    methods: [k_means]\n")
    project.discover(follow=False)
    return project


def persona_of(project: Project, person: str) -> dict[str, object]:
    told = project.traits(person)
    return {one.name: one.value for one in told if one.name.startswith("persona")}


def test_what_is_answered_between_runs_is_what_the_next_run_writes(found: Project, tmp_path: Path) -> None:
    shop = ten_days_later(found, tmp_path)
    people = ["p0", "p13", "p29", "p30", "p40", "p59", "zoe"]
    recorded = {one: persona_of(shop, one) for one in people}
    before = tables_of(shop)
    asked = {one: shop.person_cluster(one) for one in people}
    assert tables_of(shop) == before, "nothing is recorded"
    assert recorded["zoe"] == {}
    list(shop.run())
    for person, one in asked.items():
        assert one.persona is not None
        assert persona_of(shop, person) == {
            "persona": one.persona.en,
            "persona_number": one.number,
            "persona_id": one.identity,
        }
    assert recorded["p40"] != persona_of(shop, "p40"), "the test has news to tell"
    assert asked["zoe"].number == asked["p40"].number
    assert (asked["zoe"].at, asked["zoe"].found_at) == (NOW + 10 * DAY, NOW)


def test_who_has_no_feature_is_in_no_cluster(found: Project, tmp_path: Path) -> None:
    shop = ten_days_later(found, tmp_path)
    looked = {"type": "track", "event": "page_viewed", "userId": "new", "messageId": "n1", "timestamp": "2026-03-01"}
    shop.ingest(written(tmp_path, "looked.jsonl", [looked]))
    one = shop.person_cluster("new")
    assert (one.number, one.identity, one.persona) == (None, None, None)


def test_what_cannot_be_said_is_refused(found: Project, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="nobody"):
        found.person_cluster("nobody")
    with pytest.raises(UsageError, match="kohort discover"):
        one_cloud(tmp_path).person_cluster("p1")


DECLARED = [
    {"kind": "rfm", "name": "rfm", "event": "order_completed", "value": "total"},
    {"kind": "behaviour", "event": "order_completed", "value": "total"},
    {"kind": "visits", "events": ["order_completed"], "prefix": "my_"},
    {"kind": "engagement", "channels": {"shop": {"sent": "order_completed", "opened": "opened"}}},
    {"kind": "clv", "event": "order_completed", "value": "total", "model": "bg_nbd"},
]


@pytest.mark.parametrize("declared", DECLARED, ids=lambda one: one["kind"])
def test_a_score_writes_what_its_declaration_says(found: Project, declared: dict[str, object]) -> None:
    [score] = score_definitions_of(json.loads(json.dumps({"scores": [declared]})), "s.yaml")
    computed = computed_at(found._workspace(), score, NOW)
    assert computed is not None
    table, types = computed
    assert table.column_names == ["person_id", *writes(score)]
    assert types == writes(score)


def test_only_scores_that_write_what_is_asked_are_computed(found: Project) -> None:
    workspace = found._workspace()
    [needed] = scores_needed(workspace, ["recency_days", "country"])
    assert isinstance(needed, BehaviourDefinition)
    assert scores_needed(workspace, ["country"]) == []


def test_within_a_run_a_question_is_answered_once_until_there_are_news(found: Project, tmp_path: Path) -> None:
    shop, shared = ten_days_later(found, tmp_path), Shared()
    workspace = replace(shop._workspace(), shared=shared)
    [score] = scores_needed(workspace, ["recency_days"])
    first = computed_at(workspace, score, NOW)
    assert computed_at(workspace, score, NOW) is first
    assert computed_at(workspace, score, NOW - DAY) != first
    shop.ingest(written(tmp_path, "late.jsonl", [order("p1", 9_900, days_ago=3, total=1_000)]))
    again = computed_at(replace(shop._workspace(), shared=shared), score, NOW)
    assert again != first
    assert again == computed_at(shop._workspace(), score, NOW)
