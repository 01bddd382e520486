"""Which variables matter for a goal, as the newest study found."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.models.importance import Goals, Importance, goals_told, importance_of

Named = Annotated[str, Path(max_length=1_000, description="An event of the project's outcome, or revenue.")]


def mount_importance(router: APIRouter, desk: Desk) -> None:
    """Add `GET /importance` and `GET /importance/{goal}`."""

    @router.get("/importance", response_model=Goals, summary="The goals, and when each was studied last")
    def list_goals(if_none_match: Shown = None) -> Response:
        with desk.asking() as project:
            goals = goals_told(project)
        return answered_if_new(Goals(goals=goals), if_none_match)

    @router.get("/importance/{goal}", response_model=Importance, summary="Which variables matter for a goal")
    def get_importance(goal: Named, if_none_match: Shown = None) -> Response:
        with desk.asking(goal="path.goal") as project:
            found = project.importance(goal)
        if found is None:
            raise RequestRefusedError(409, "not_studied", f"nobody asked yet; run: kohort importance {goal}")
        return answered_if_new(importance_of(found), if_none_match)
