"""Changing segments: plan, look, then apply exactly that."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Response

from kohort.clock import Moment
from kohort.collection.acceptance import RequestRefusedError
from kohort.project import Project
from kohort.segments.change_plan import ChangePlan
from kohort.web.api.asking import Desk, answered
from kohort.web.api.models.changes import Application, ApplicationAsked, Plan, PlanAsked
from kohort.web.api.repeats import IDEMPOTENCY_KEY, Repeats
from kohort.web.api.tokens import plan_of, token_of
from kohort.web.callers import Caller
from kohort.web.disclosure import disclosure_to


def mount_changes(router: APIRouter, desk: Desk, caller: object, repeats: Repeats) -> None:
    """Add `POST /plans` and `POST /applications`; `caller` is the dependency that gives who asks."""

    @router.post("/plans", response_model=Plan, summary="What would change, and who would enter and leave")
    def make_plan(asked: Annotated[PlanAsked, Body()], asker: Annotated[Caller, caller]) -> Response:
        if sum(map(bool, (asked.instead, asked.rollback is not None, asked.promotion))) > 1:
            problem = "sentences instead of the files', a rollback, or another model: give one of them"
            raise RequestRefusedError(422, "invalid_request", problem, where="body.instead")
        moment = desk.moment(asked.at, "body.at")
        with desk.asking(**_places(asked)) as project:
            found = _planned(project, asked, moment)
        told = disclosure_to(desk.project, asker)
        found = told.plan(found)
        # Sentences that no file has cannot come into force: the next run would want to take them back.
        token = None if asked.instead or told.masks else token_of(found)
        return answered(Plan.model_validate({**_fields(found), "token": token}))

    @router.post("/applications", response_model=Application, summary="Put exactly what a plan says in force")
    def apply_plan(
        asked: Annotated[ApplicationAsked, Body()],
        asker: Annotated[Caller, caller],
        idempotency_key: Annotated[str | None, Header(max_length=200, description=IDEMPOTENCY_KEY)] = None,
    ) -> Response:
        planned = plan_of(asked.token, ChangePlan)

        def work() -> Application:
            with desk.changing(asked="body", guard="body.despite") as project:
                done = project.apply(planned, despite=asked.despite, reason=asked.reason, by=asker.actor)
                return Application(changed=done)

        return repeats.once(asker.key_id, idempotency_key, asked, work)


def _places(asked: PlanAsked) -> dict[str, str]:
    if asked.promotion is not None:
        score = "body.promotion.score"
        return {"score": score, "model": score, "asked": "body.promotion"}
    if asked.rollback is not None:
        return {"segment": "body.rollback.segment", "asked": "body.rollback"}
    return {"segment": "body.instead", "rule": "body.instead"}


def _planned(project: Project, asked: PlanAsked, moment: Moment | None) -> ChangePlan:
    model = asked.promotion
    if model is not None:
        plan = project.plan_model_rollback if model.rollback else project.plan_promotion
        return plan(model.score, model.number, moment)
    if asked.rollback is not None:
        return project.plan_rollback(asked.rollback.segment, asked.rollback.version, moment)
    return project.plan(moment, instead=asked.instead)


def _fields(plan: ChangePlan) -> dict[str, object]:
    return {name: getattr(plan, name) for name in Plan.model_fields if name != "token"}
