"""Models: which were trained, how good one is, and whether people have drifted from it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.errors import UsageError
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.models.registry import Drift, Model, Models, model_told, models_told

Named = Annotated[str, Path(max_length=1_000, description="A score that has models.")]
Score = Annotated[str | None, Query(max_length=1_000, description="Of this score; of all without.")]
Number = Annotated[int | None, Query(ge=1, le=2**31, description="Its number; the one in force without.")]


def mount_registry(router: APIRouter, desk: Desk) -> None:
    """Add `GET /models`, `GET /models/{score}` and `GET /models/{score}/drift`."""

    @router.get("/models", response_model=Models, summary="Every training run, what is in force, and what waits")
    def list_models(score: Score = None, if_none_match: Shown = None) -> Response:
        with desk.asking(model="query.score") as project:
            found = models_told(project, score)
        return answered_if_new(found, if_none_match)

    @router.get("/models/{score}", response_model=Model, summary="A model: its card, and how good it is")
    def get_model(score: Named, number: Number = None, if_none_match: Shown = None) -> Response:
        with desk.asking(model="path.score", asked="query.number") as project:
            model = project.model(score, number)
            document = project.model_document(model)
        return answered_if_new(model_told(model, document), if_none_match)

    @router.get("/models/{score}/drift", response_model=Drift, summary="Whether people are still as a model knows them")
    def get_drift(
        score: Named,
        at: Annotated[str | None, Query(description="A moment, ISO 8601; by default the project's present.")] = None,
        if_none_match: Shown = None,
    ) -> Response:
        moment = desk.moment(at, "query.at")
        with desk.asking(model="path.score", score="path.score") as project:
            try:
                found = Drift.model_validate(project.drift(score, moment))
            except UsageError as error:
                raise RequestRefusedError(409, "nothing_to_compare", str(error)) from error
        return answered_if_new(found, if_none_match)
