"""The API keeps what its schema promises, whatever it is asked: schemathesis on the real application."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis import engine
from schemathesis.engine import events

from kohort.clock import DAY
from kohort.governance.keys import SCOPES
from kohort.project import Project
from kohort.testing.clock import SettableClock
from kohort.web.api.app import application
from kohort.web.api.feed import Feed
from small_shop import NOW, order

UNDERSTOOD = ["2xx", "3xx", "404", "409", "412", "422", "428"]
"""What a request of the right form may be answered: no schema says which rules, names and cursors make sense."""
LINE = json.dumps(order("z", 9)).encode()
NAMES = [
    "apply_plan",
    "complete_rule",
    "create_key",
    "decide_duplicate",
    "declare_segment",
    "delete_segment",
    "explain",
    "flows",
    "get_cluster_foretelling",
    "get_cluster_periods",
    "get_clusters",
    "get_drift",
    "get_importance",
    "get_model",
    "get_person",
    "get_personas",
    "get_segment",
    "get_taxonomy",
    "get_training",
    "get_value",
    "list_dead_letters",
    "list_duplicates",
    "list_findings",
    "list_goals",
    "list_source_qualities",
    "list_keys",
    "list_models",
    "list_runs",
    "list_scores",
    "list_segments",
    "list_sources",
    "list_trainings",
    "make_plan",
    "members_arrow",
    "members_csv",
    "memberships_stream",
    "overlap",
    "person_cluster",
    "person_events",
    "person_scores",
    "person_segments",
    "person_traits",
    "plan_training",
    "preview_rule",
    "property_values",
    "revoke_key",
    "segment_definition",
    "segment_history",
    "segment_members",
    "segment_sizes",
    "send_file",
    "start_training",
    "trait_values",
]
PERSON = {"path_parameters": {"person": "a"}}
SEGMENT = {"path_parameters": {"name": "frequent_buyers"}}
RIGHT: list[tuple[str, str, Mapping[str, Any]]] = [
    ("GET", "/people/{person}", PERSON),
    ("GET", "/people/{person}/events", PERSON),
    ("GET", "/people/{person}/traits", PERSON),
    ("GET", "/people/{person}/scores", PERSON),
    ("GET", "/people/{person}/segments", PERSON),
    ("GET", "/segments/{name}/sizes", SEGMENT),
    ("GET", "/segments/{name}/explanation", SEGMENT | {"query": {"person": "a"}}),
    (
        "GET",
        "/events/{event}/properties/{name}/values",
        {"path_parameters": {"event": "order_completed", "name": "kind"}},
    ),
    ("GET", "/traits/{name}/values", {"path_parameters": {"name": "rfm_cell"}}),
    ("GET", "/models", {}),
    ("GET", "/trainings", {}),
    ("GET", "/flows", {"query": {"since": "2026-02-01"}}),
    ("POST", "/previews", {"body": {"where": "did order_completed", "sample": 2}}),
    ("POST", "/keys", {"body": {"kind": "secret", "name": "crm", "scopes": ["people:read"]}}),
    ("PUT", "/segments/{name}", {"path_parameters": {"name": "new"}, "body": {"where": "did order_completed"}}),
    ("DELETE", "/segments/{name}", {"path_parameters": {"name": "new"}, "headers": {"If-Match": "*"}}),
    ("POST", "/sources/{name}/files", {"path_parameters": {"name": "segment"}, "body": LINE, "media_type": "text/csv"}),
]
"""What takes a name or a rule that no example hits on, or changes something."""
NOT_HERE = {
    "apply_plan",
    "decide_duplicate",
    "list_duplicates",
    "get_cluster_foretelling",
    "get_cluster_periods",
    "get_clusters",
    "get_drift",
    "get_importance",
    "get_model",
    "get_personas",
    "get_training",
    "get_value",
    "person_cluster",
    "plan_training",
    "start_training",
}
"""What other tests see answered, after what it takes was made."""


_EXTRA_HEADER = "in header - object with unexpected properties"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small shop that has run, and whose keys may ask as much as they like."""
    folder = tmp_path_factory.mktemp("api")
    shop = Project.create(folder / "shop", clock=SettableClock(NOW))
    settings = shop.folder.settings
    settings.write_text(settings.read_text() + "api: {rate: 1000000}\n")
    shop.ingest(_orders(folder))
    list(shop.run())
    return shop


@pytest.fixture(scope="module")
def app(shop: Project) -> FastAPI:
    """The API, whose stream of memberships ends where there is nothing new."""
    return application(shop, Feed(shop.membership_log(), _unexpected, running=lambda: False))


def _orders(folder: Path) -> Path:
    path = folder / "orders.jsonl"
    orders = [order(who, days, days_ago=days) for days, who in enumerate("abc")]
    orders = [{**one, "properties": {"total": 10, "kind": "online"}} for one in orders]
    path.write_text("".join(json.dumps(one) + "\n" for one in orders))
    return path


def _unexpected(error: Exception) -> None:
    raise error


def schema_of(shop: Project, app: FastAPI, phases: Sequence[str] = ("examples", "coverage")) -> schemathesis.BaseSchema:
    """Return the schema as schemathesis reads it, asked with a key of its own: one test revokes keys."""
    key, _ = shop.keys.create_secret("tests", SCOPES, NOW + DAY)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    schema.config.update(headers={"Authorization": f"Bearer {key}"})
    schema.config.seed = 0
    schema.config.generation.update(max_examples=3)
    schema.config.phases.update(phases=list(phases))
    schema.config.checks.positive_data_acceptance.expected_statuses = UNDERSTOOD
    return schema


def broken_promises(schema: schemathesis.BaseSchema) -> tuple[dict[str, str], dict[str, set[int]]]:
    """Return what was not as promised, with how to see it again, and which statuses each operation answered with."""
    broken: dict[str, str] = {}
    statuses: dict[str, set[int]] = defaultdict(set)
    for event in engine.from_schema(schema).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if isinstance(event, events.ScenarioFinished):
            for interaction in event.recorder.interactions.values():
                if interaction.response is not None:
                    statuses[event.recorder.label].add(interaction.response.status_code)
            for check in (one for checks in event.recorder.checks.values() for one in checks):
                # Anybody may send a header of their own.
                if check.failure_info is not None and _EXTRA_HEADER not in check.failure_info.failure.message:
                    found = check.failure_info
                    said = f"{found.failure.title}: {found.failure.message}\n{found.code_sample}"
                    broken.setdefault(f"{event.recorder.label}: {check.name}", said)
    return broken, statuses


def operations_of(app: FastAPI) -> dict[str, str]:
    return {
        f"{method.upper()} {path}": operation["operationId"]
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    }


@pytest.mark.slow
def test_every_operation_keeps_its_promises(shop: Project, app: FastAPI) -> None:
    broken, statuses = broken_promises(schema_of(shop, app).exclude(operation_id="revoke_key"))
    assert broken == {}, "\n\n".join(f"{name}: {said}" for name, said in broken.items())
    operations = operations_of(app)
    assert statuses.keys() == operations.keys() - {"DELETE /api/v1/keys/{key_id}"}
    seen = {f"{method} /api/v1{path}" for method, path, _ in RIGHT}
    done = {label for label, found in statuses.items() if 200 in found}
    assert {operations[label] for label in statuses.keys() - done - seen} <= NOT_HERE


@pytest.mark.slow
def test_every_operation_keeps_its_promises_whatever_it_is_asked(shop: Project, app: FastAPI) -> None:
    broken, _ = broken_promises(schema_of(shop, app, ["fuzzing"]).exclude(operation_id="revoke_key"))
    assert broken == {}, "\n\n".join(f"{name}: {said}" for name, said in broken.items())


def test_what_is_asked_right_is_answered_as_promised(shop: Project, app: FastAPI) -> None:
    schema = schema_of(shop, app)
    for method, path, given in RIGHT:
        case = schema[f"/api/v1{path}"][method].Case(**given)
        answer = case.call_and_validate(headers=dict(schema.config.headers or {}))
        assert answer.status_code == 200, (method, path)


def test_what_is_held_already_is_not_told_again(shop: Project, app: FastAPI) -> None:
    schema = schema_of(shop, app)
    asked = [(path, given) for method, path, given in RIGHT if method == "GET"]
    asked += [(path, {}) for path in ("/segments", "/overlap", "/sources", "/runs", "/quality", "/scores", "/keys")]
    asked += [("/segments/{name}", SEGMENT), ("/taxonomy", {}), ("/completions", {"query": {"sentence": "did "}})]
    for path, given in asked:
        first = schema[f"/api/v1{path}"]["GET"].Case(**given).call(headers=dict(schema.config.headers or {}))
        case = schema[f"/api/v1{path}"]["GET"].Case(**given)
        held = {**(schema.config.headers or {}), "if-none-match": first.headers["etag"][0]}
        assert case.call_and_validate(headers=held).status_code == 304, path
    for path, operations in app.openapi()["paths"].items():
        if "get" in operations and not path.endswith((".csv", ".arrow", "/stream")):
            assert "304" in operations["get"]["responses"], path


def test_operations_have_names_that_stay(app: FastAPI) -> None:
    names = list(operations_of(app).values())
    assert len(names) == len(set(names))
    assert sorted(names) == sorted(NAMES)
    assert app.openapi()["openapi"].startswith("3.1")


@pytest.mark.slow
def test_revoking_keys_keeps_its_promises(shop: Project, app: FastAPI) -> None:
    broken, _ = broken_promises(schema_of(shop, app).include(operation_id="revoke_key"))
    assert broken == {}
