"""The API on which variables matter."""

from pathlib import Path

import pytest
from api_desk import answering, problem

from importance_shop import importance_shop
from kohort.project import Project
from small_shop import NOW


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return importance_shop(tmp_path_factory.mktemp("importance")).folder.path


@pytest.mark.slow
def test_what_matters_is_told_once_it_was_asked(trading: Path) -> None:
    project = Project(trading)
    with answering(project, "segments:read") as counter:
        assert problem(counter.get("/api/v1/importance/order_completed")) == (409, "not_studied", None)
        assert problem(counter.get("/api/v1/importance/orders")) == (404, "unknown_goal", "path.goal")
        kept = project.study_importance("order_completed", NOW).study
        goals = counter.get("/api/v1/importance").json()["goals"]
        assert [(one["name"], one["studied_at"] is not None) for one in goals] == [
            ("order_completed", True),
            ("tour_taken", False),
            ("revenue", False),
        ]
        answer = counter.get("/api/v1/importance/order_completed")
        found = answer.json()
        assert (found["label"]["fr"], found["people"]) == ("ont commandé", 300)
        assert (found["at"], found["split"]) == ("2026-03-01T00:00:00.000000+00:00", "2026-01-30T00:00:00.000000+00:00")
        assert [one["name"] for one in found["variables"]] == [one.name for one in kept.variables]
        card = next(one for one in found["variables"] if one["name"] == "card")
        assert card["priority"] == "strategic"
        assert [cell["category"] for cell in card["alone"]["cells"]] == [
            cell.category for cell in next(one for one in kept.variables if one.name == "card").alone.cells
        ]
        assert {one["name"]: one["fault"] for one in found["left_out"]}["first_name"] == "personal"
        size = len(found["names"])
        assert [len(row) for row in found["associations"]] == [size] * size
        again = counter.get("/api/v1/importance/order_completed", **{"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
