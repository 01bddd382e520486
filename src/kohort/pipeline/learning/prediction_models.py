"""Predictions in the registry: what was found and the model as plain numbers that the project signs, and their card."""

from typing import Any, Protocol

import msgspec
import numpy as np

from kohort.clock import DAY, Moment, datetime_of
from kohort.definitions.prediction import PredictionDefinition, Target
from kohort.learning.cards import Figure, ModelCard
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.conversion.convert import plain_model
from kohort.learning.models.plain import Isotonic, OddsSigmoid, PlainModel, calibrated_by
from kohort.learning.prediction.calibrating import EDGE, SigmoidCurve
from kohort.learning.prediction.model import TrainedModel
from kohort.learning.prediction.results import PredictionStudy
from kohort.learning.prediction.wording import study_words
from kohort.learning.wording import COLON, Bilingual, number
from kohort.pipeline.learning.prediction_documents import KIND, PredictionDocument
from kohort.pipeline.learning.registry.entries import Learnt, ModelEntry, entry_of
from kohort.pipeline.workspace import Workspace


def plain_prediction(model: TrainedModel, examples: FeatureTable) -> PlainModel:
    """Return a trained model, its preparation and its curve as plain numbers; UsageError if it has no plain form.

    What it says of people is explained by how they differ from the mean of the `examples` that it learnt from.
    """
    points, preparation = model.preparation.apply(examples), model.preparation
    plain = plain_model(model.estimator, preparation.names, background=points, preparation=preparation)
    curve = model.calibrator
    if isinstance(curve, SigmoidCurve):
        return calibrated_by(plain, OddsSigmoid(curve.slope, curve.intercept, EDGE))
    return calibrated_by(plain, Isotonic(np.array(curve.scores), np.array(curve.chances)))


def declared(definition: PredictionDefinition) -> dict[str, Any]:
    """Return what a model learns by: a declaration without how its chances are cut into bands and when it learns anew.

    Where it is another than that of the model in force, there is another thing to learn.
    """
    said: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(definition))
    return {name: value for name, value in said.items() if name not in {"bands", "retrain"}}


class Studied(Protocol):
    """What was found of a model that was judged: as of `at`, with its study."""

    @property
    def score(self) -> str:
        """The score's name."""

    @property
    def at(self) -> Moment:
        """The moment of the data."""

    @property
    def study(self) -> PredictionStudy:
        """How good the model is."""


def studied(found: Studied, kind: str, parameters: dict[str, Any], card: ModelCard) -> Learnt:
    """Return what was learnt by a model that was judged."""
    study = found.study
    return Learnt(found.score, kind, found.at, parameters, study.seed, study.features, study.people, card)


def prediction_entry(
    workspace: Workspace,
    definition: PredictionDefinition,
    found: PredictionDocument,
    content: bytes,
    *,
    cause: str = "run",
    why: Bilingual | None = None,
) -> ModelEntry:
    """Return what is told of a prediction that learnt."""
    card = _card(workspace, definition, found.study, found.at)
    return entry_of(workspace, studied(found, KIND, declared(definition), card), content, cause=cause, why=why)


def _card(workspace: Workspace, definition: PredictionDefinition, study: PredictionStudy, at: Moment) -> ModelCard:
    day = datetime_of(at, workspace.settings.zone).date().isoformat()
    days, people, rows = definition.within // DAY, number(study.people), number(study.rows)
    stops = definition.target is Target.LAPSE
    words = list(study_words(study))
    return ModelCard(
        title=Bilingual(f"Prediction: {definition.name}", f"Prédiction{COLON} {definition.name}"),
        says=Bilingual(
            f"The chance that somebody {'does not do' if stops else 'does'} {definition.event} within {days} days.",
            f"La probabilité que quelqu'un {'ne fasse pas' if stops else 'fasse'} {definition.event} dans les {days} "
            "jours.",
        ),
        data=Bilingual(
            f"{rows.en} examples of {people.en} people, by what was known before {definition.cut_offs} moments of the "
            f"past, up to {day}.",
            f"{rows.fr} exemples de {people.fr} personnes, d'après ce qu'on savait avant {definition.cut_offs} moments "
            f"du passé, jusqu'au {day}.",
        ),
        figures=study_figures(study),
        limits=Bilingual(
            " ".join([*(one.en for one in words), _NO_CAUSE.en]), " ".join([*(one.fr for one in words), _NO_CAUSE.fr])
        ),
    )


_NO_CAUSE = Bilingual(
    "What goes with a chance is not why: no feature is a cause. Chances are those of people as they were then.",
    f"Ce qui va avec une probabilité n'en est pas la raison{COLON} aucune variable n'est une cause. Les probabilités "
    "sont celles des gens tels qu'ils étaient alors.",
)


def study_figures(study: PredictionStudy) -> tuple[Figure, ...]:
    """Return how good chances are, as a card tells it."""
    measures = study.measures
    return (
        Figure("auc", Bilingual("AUC", "AUC"), measures.auc),
        Figure("average_precision", Bilingual("average precision", "précision moyenne"), measures.average_precision),
        Figure("brier", Bilingual("Brier score", "score de Brier"), measures.brier),
        Figure("f1", Bilingual("F1", "F1"), measures.f1),
        Figure("lift", Bilingual("lift of the first 20 %", "lift des premiers 20 %"), measures.lift),
        Figure(
            "calibration_error",
            Bilingual("calibration error", "erreur de calibration"),
            measures.calibration_error,
        ),
        Figure("gain", Bilingual(f"AUC gained on {study.rule.name}", f"AUC gagnée sur {study.rule.name}"),
               study.rule.gained),
    )  # fmt: skip
