"""Training models: plan, look, then have exactly that trained by a process of its own."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.pipeline.learning.training.plan import TrainingPlan as Planned
from kohort.project import Project
from kohort.web.api.asking import Desk, Shown, answered, answered_if_new
from kohort.web.api.models.training import Training, TrainingAsked, TrainingList, TrainingPlan, TrainingPlanAsked
from kohort.web.api.repeats import IDEMPOTENCY_KEY, Repeats
from kohort.web.api.tokens import plan_of, token_of
from kohort.web.callers import Caller

Named = Annotated[str, Path(max_length=1_000, description="A score that has models, as scores/ declares it.")]
Score = Annotated[str | None, Query(max_length=1_000, description="Of this score; of all without.")]
Id = Annotated[int, Path(ge=1, le=2**31)]


def mount_trainings(router: APIRouter, desk: Desk) -> None:
    """Add `GET /trainings` and `GET /trainings/{training_id}`."""

    @router.get("/trainings", response_model=TrainingList, summary="The trainings that were asked for, newest first")
    def list_trainings(score: Score = None, if_none_match: Shown = None) -> Response:
        with desk.changing() as project:
            found = TrainingList.model_validate({"trainings": project.trainings.list(score)})
        return answered_if_new(found, if_none_match)

    @router.get("/trainings/{training_id}", response_model=Training, summary="What has become of a training")
    def get_training(training_id: Id, if_none_match: Shown = None) -> Response:
        with desk.changing(training="path.training_id") as project:
            found = Training.model_validate(project.trainings.find(training_id))
        return answered_if_new(found, if_none_match)


def mount_training(router: APIRouter, desk: Desk, caller: object, repeats: Repeats) -> None:
    """Add `POST /models/{score}/plans` and `POST /models/{score}/trainings`."""

    @router.post("/models/{score}/plans", response_model=TrainingPlan, summary="What a training would learn from")
    def plan_training(score: Named, asked: Annotated[TrainingPlanAsked, Body()]) -> Response:
        moment = desk.moment(asked.at, "body.at")
        with desk.asking(score="path.score", asked="path.score") as project:
            found = project.plan_training(score, moment)
        return answered(plan_told(found))

    @router.post("/models/{score}/trainings", response_model=Training, summary="Have exactly what a plan says trained")
    def start_training(
        score: Named,
        asked: Annotated[TrainingAsked, Body()],
        asker: Annotated[Caller, caller],
        idempotency_key: Annotated[str | None, Header(max_length=200, description=IDEMPOTENCY_KEY)] = None,
    ) -> Response:
        plan = plan_of(asked.token, Planned)
        if plan.score != score:
            problem = f'the plan is of the score "{plan.score}"; ask for a plan of this one'
            raise RequestRefusedError(422, "invalid_token", problem, where="body.token")

        def work() -> Training:
            with desk.asking(score="path.score", asked="body.token") as project:
                return started(project, plan, asker)

        return repeats.once(asker.key_id, idempotency_key, asked, work, of=f" {score}")


def plan_told(found: Planned) -> TrainingPlan:
    """Return a plan as it is told, with its token where something can be learnt."""
    fields = {name: getattr(found, name) for name in TrainingPlan.model_fields if name != "token"}
    return TrainingPlan.model_validate({**fields, "token": None if found.lack else token_of(found)})


def started(project: Project, plan: Planned, asker: Caller) -> Training:
    """Have a plan trained because somebody asks; raises as `Project.start_training`."""
    return Training.model_validate(project.start_training(plan, by=asker.actor))
