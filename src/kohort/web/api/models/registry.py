"""Models: what was trained and what is in force, how good a prediction is, and drift."""

from pydantic import Field, JsonValue

from kohort.learning.models.explanation.wording import READ_SO
from kohort.learning.prediction.wording import family_words, study_words
from kohort.pipeline.learning.prediction_documents import PredictionDocument
from kohort.pipeline.learning.registry.entries import RegisteredModel
from kohort.pipeline.learning.registry.standing import ModelStanding
from kohort.project import Project
from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.api.models.discovery import Interval, Words
from kohort.web.api.models.importance import LeftOutVariable


class ModelRun(Answer):
    """A training run, and what became of its model."""

    score: str
    number: int = Field(description="Counts the models of its score from 1.")
    state: str = Field(description="candidate, live or retired.")
    kind: str = Field(description="clusters or prediction.")
    at: IsoMoment = Field(description="The moment of the data.")
    trained_at: IsoMoment
    since: IsoMoment | None = Field(description="When it came into force last; null for a candidate.")
    people: int | None = Field(description="How many it learnt from; null for what was found before the registry was.")
    cause: str = Field(description="run, by hand, schedule or drift.")
    digest: str = Field(description="The SHA-256 of the model's bytes.")


class ScoreModels(Answer):
    """The models of one score."""

    score: str
    standing: str = Field(description="in force, drifting, candidate or retraining proposed.")
    live: int | None = Field(description="The number of the model in force.")
    candidate: int | None = Field(description="The number of one that waits to be promoted.")
    drifted: list[str] = Field(description="What the last look at the model in force found drifted.")
    looked: IsoMoment | None = Field(description="The end of the month looked at; null before the first look.")


class Models(Answer):
    """How the models of each score stand, and every training run, the oldest first."""

    scores: list[ScoreModels]
    models: list[ModelRun]


class ModelFigure(Answer):
    """A figure of how good a model is."""

    name: str
    words: Words
    value: Interval


class ChanceCalibration(Answer):
    """People of neighbouring chances: what they were told, and how many of them reached the goal."""

    people: int
    chance: float = Field(description="Their mean chance.")
    observed: Interval


class ChanceLift(Answer):
    """The first so many of people, those with the greatest chances."""

    share: float
    capture: Interval = Field(description="The part of those who reached the goal that is among them.")
    lift: Interval = Field(description="How many times as often they reached it as all did.")


class ChanceBand(Answer):
    """People with chances from low up to high; chance and observed are null where nobody is in the band."""

    low: float
    high: float
    people: int
    chance: float | None
    observed: Interval | None


class FeatureWeight(Answer):
    """How much features that say the same bring to a chance, more or less, on average over people."""

    group: list[str]
    brought: Interval = Field(description="In parts of the chance: 0.1 is ten points.")


class ObviousRule(Answer):
    """The obvious rule beside the model, on the same people."""

    name: str = Field(description="The feature by which alone people are ranked.")
    rises: bool = Field(description="Whether the more of it, the likelier.")
    auc: Interval
    gained: Interval = Field(description="How much greater the model's AUC is.")
    is_beaten: bool = Field(description="Whether the whole interval of the gain is above 0.")


class ErrorCost(Answer):
    """What errors cost a person on average, in the unit of the declared costs."""

    model: Interval
    everybody: float = Field(description="If everybody were taken.")
    nobody: float


class PredictionQuality(Answer):
    """What a prediction foretells, and how good its chances were for people that judged it and did not teach it."""

    target: str = Field(description="lapse, buys or reacts.")
    event: str
    within: int = Field(description="Microseconds from the moment of the chance.")
    cut_offs: list[IsoMoment] = Field(description="The moments learnt from; the last judged.")
    words: list[Words] = Field(description="What was found, the verdict beside the obvious rule included.")
    family: Words = Field(description="What kind of model was chosen.")
    chosen: str
    reason: str = Field(description="Why: only, best or plainest_alike.")
    calibration: str = Field(description="sigmoid or isotonic.")
    base_rate: float = Field(description="The share of people that reached the goal.")
    threshold: float = Field(description="The chance from which on people are taken.")
    cost: ErrorCost | None = Field(description="Null where no costs are declared.")
    rule: ObviousRule
    bands: list[ChanceBand]
    calibration_curve: list[ChanceCalibration]
    lift_curve: list[ChanceLift]
    contributions: list[FeatureWeight] = Field(description="The most first.")
    read_so: Words = Field(description="How contributions are to be read.")
    is_telling: bool = Field(description="Whether the AUC is so great that a feature most likely knows what happened.")
    alarms: list[LeftOutVariable] = Field(description="Features that alone tell so well that they most likely know.")


class Model(ModelRun):
    """A model with its card, and what it takes to train it again."""

    known: int | None = Field(description="The newest record of the journal that the data held.")
    seed: int | None
    features: list[str]
    parameters: dict[str, JsonValue]
    figures: list[ModelFigure]
    why: Words | None = Field(description="Why it was trained, where nobody asked.")
    card: Words | None = Field(description="The model card, in Markdown.")
    prediction: PredictionQuality | None = Field(description="Null for a model that foretells nothing.")


class DriftedFeature(Answer):
    """How far one feature, or what the model says of people, has moved."""

    feature: str
    is_score: bool = Field(description="Whether it is what the model says.")
    index: float = Field(description="The population stability index (PSI).")
    divergence: float = Field(description="That of Jensen and Shannon, in bits.")
    usual: float | None = Field(description="What nineteen of twenty quiet months stay below; null where not tested.")
    p_value: float | None = Field(description="Adjusted by Holm; null where not tested.")
    distance: float | None = Field(description="Kolmogorov's and Smirnov's; null for texts.")
    moved: float | None = Field(description="Wasserstein's, in standard deviations of before; null for texts.")
    furthest: str = Field(description="The bin whose share has moved most.")
    share_before: float
    share_now: float
    found: bool = Field(description="Whether it has drifted.")


class MaturedChances(Answer):
    """How good chances were of people whose time is over."""

    people: int
    ratio: Interval = Field(description="How many reached the goal over how many were foretold to.")
    brier: Interval
    auc: Interval | None = Field(description="Null where fewer than ten reached the goal, or did not.")


class JudgedMonth(Answer):
    """How good the chances of one month were."""

    month: str
    found: MaturedChances


class LossOfQuality(Answer):
    """How far the newest judged month is from what the model was."""

    measure: str = Field(description="calibration or auc.")
    change: float = Field(description="The ratio of observed to foretold, or the fall of the AUC.")
    p_value: float
    found: bool = Field(description="Whether that is a drift.")


class Drift(Answer):
    """Whether people of a month were still as the model in force knows them."""

    score: str
    model: int
    at: IsoMoment = Field(description="The end of the month.")
    month: str
    people: int
    against: list[str] = Field(description="The months that it is compared with.")
    is_seasonal: bool = Field(description="Whether those are of a year before.")
    found: list[str] = Field(description="What has drifted.")
    proposes: bool = Field(description="Whether that is a reason to train again.")
    words: Words
    features: list[DriftedFeature]
    judged_months: list[JudgedMonth] = Field(description="Those whose people's time is over, the newest last.")
    losses: list[LossOfQuality]


def models_told(project: Project, score: str | None = None) -> Models:
    """Return the models of a project, or of a score, as they are told; raises UnknownNameError for one without any."""
    runs = project.models(score)
    standings = [one for one in project.model_standings() if score in {None, one.score}]
    return Models(scores=[_standing(one) for one in standings], models=[run_told(one) for one in runs])


def run_told(model: RegisteredModel) -> ModelRun:
    """Return a training run as it is told."""
    return ModelRun.model_validate(_run(model))


def model_told(model: RegisteredModel, document: PredictionDocument | None) -> Model:
    """Return a model as it is told; `document` is what was found when it learnt, of one that predicts."""
    entry = model.entry
    if entry is None:
        nothing = dict.fromkeys(("known", "seed", "why", "card", "prediction"))
        return Model.model_validate({**_run(model), **nothing, "features": [], "parameters": {}, "figures": []})
    return Model.model_validate(
        {
            **_run(model),
            "known": entry.known,
            "seed": entry.seed,
            "features": entry.features,
            "parameters": dict(entry.parameters),
            "figures": entry.figures,
            "why": entry.why,
            "card": {language: entry.card.text(language) for language in ("en", "fr")},
            "prediction": None if document is None else _quality(document),
        }
    )


def _run(model: RegisteredModel) -> dict[str, object]:
    entry = model.entry
    return {
        **{name: getattr(model, name) for name in ("score", "number", "at", "trained_at", "since")},
        "state": model.state.value,
        "kind": entry.kind if entry else "clusters",
        "people": entry.people if entry else None,
        "cause": entry.cause if entry else "by hand",
        "digest": model.file.partition(".")[0],
    }


def _standing(one: ModelStanding) -> ScoreModels:
    live, candidate = (None if model is None else model.number for model in (one.live, one.candidate))
    return ScoreModels.model_validate(
        {**vars(one), "standing": one.standing.value, "live": live, "candidate": candidate}
    )


def _quality(document: PredictionDocument) -> dict[str, object]:
    study = document.study
    return {
        **{name: getattr(document, name) for name in ("target", "event", "within", "cut_offs", "alarms")},
        **{name: getattr(study, name) for name in ("chosen", "threshold", "cost", "rule", "bands", "is_telling")},
        "reason": str(study.reason),
        "calibration": str(study.calibration),
        "words": list(study_words(study)),
        "family": family_words(study.chosen),
        "base_rate": study.measures.base_rate,
        "calibration_curve": study.curve,
        "lift_curve": study.lift,
        "contributions": document.weights,
        "read_so": READ_SO,
    }
