"""What the page of a model shows."""

from pydantic import Field

from kohort.project import Project
from kohort.web.api.models.answer import Answer
from kohort.web.api.models.registry import Drift, Model, ModelRun, ScoreModels, model_told, models_told


class ModelPage(Answer):
    """A model with the other training runs of its score, and the looks that runs have kept of the one in force."""

    model: Model
    standing: ScoreModels
    runs: list[ModelRun] = Field(description="All training runs of the score, the oldest first.")
    looks: list[Drift] = Field(description="A month each, the oldest first.")


def model_page(project: Project, score: str, number: int | None) -> ModelPage:
    """Return what the page of a model shows, by default of the one in force; raises as `Project.model`."""
    model, told = project.model(score, number), models_told(project, score)
    return ModelPage(
        model=model_told(model, project.model_document(model)),
        standing=told.scores[0],
        runs=told.models,
        looks=[Drift.model_validate(one) for one in project.drift_looks(score)],
    )
