"""What a file in `scores/` declares: values that Kohort computes for each person and writes as traits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.clusters import ClustersDefinition, clusters_of
from kohort.definitions.clv import ClvDefinition, clv_of
from kohort.definitions.demographics import DemographicsDefinition, demographics_of
from kohort.definitions.devices import DevicesDefinition, devices_of
from kohort.definitions.engagement import EngagementDefinition, engagement_of
from kohort.definitions.enrichment import EnrichmentDefinition, enrichment_of
from kohort.definitions.families import Family, usual_family
from kohort.definitions.fields import Fields
from kohort.definitions.geocoding import GeocodingDefinition, geocoding_of
from kohort.definitions.lookalike import LookalikeDefinition, lookalike_of
from kohort.definitions.places import PlacesDefinition, places_of
from kohort.definitions.prediction import PredictionDefinition, prediction_of
from kohort.definitions.repair import (
    ImputationDefinition,
    OutliersDefinition,
    imputation_of,
    outliers_of,
    repaired_trait,
)
from kohort.definitions.rfm import RfmDefinition, rfm_of
from kohort.definitions.splits import SplitDefinition, splits_of
from kohort.definitions.supervised import SupervisedDefinition, supervised_of
from kohort.definitions.survey import SurveyDefinition, survey_of
from kohort.definitions.texts import TextsDefinition, texts_of
from kohort.definitions.visits import VisitsDefinition, visits_of

_HABITS: Final = frozenset({"evening_share", "weekend_share", "usual_hour", "usual_weekday"})
"""Traits of what somebody buys that tell when, and not what."""


@dataclass(frozen=True)
class BehaviourDefinition:
    """Habits read from `event`: how often, how much, what, when and where; each becomes a trait.

    `shares` maps a trait's name to the property whose sum is divided by the sum of `value`; `splits` divide what was
    bought by the values of a property. `trend`, in microseconds, compares the last such stretch with the one before.
    """

    name: str
    event: str
    value: str
    items: str = ""
    place: str = ""
    shares: tuple[tuple[str, str], ...] = ()
    trend: int = 90 * DAY
    splits: tuple[SplitDefinition, ...] = ()


TraitsDefinition = VisitsDefinition | EngagementDefinition | DevicesDefinition
"""A score that computes the traits of a family from events."""
PsychographicDefinition = TextsDefinition | SurveyDefinition
"""A score of what people say: in their words, or as answers of a survey."""
GeographicDefinition = PlacesDefinition | EnrichmentDefinition | GeocodingDefinition
"""A score of places: where people are, and what is known of there."""

ScoreDefinition = (
    RfmDefinition
    | ClvDefinition
    | PredictionDefinition
    | LookalikeDefinition
    | SupervisedDefinition
    | BehaviourDefinition
    | ClustersDefinition
    | ImputationDefinition
    | OutliersDefinition
    | DemographicsDefinition
    | TraitsDefinition
    | GeographicDefinition
    | PsychographicDefinition
)


_KINDS: Final[Mapping[type[ScoreDefinition], str]] = {
    RfmDefinition: "rfm",
    ClvDefinition: "clv",
    PredictionDefinition: "prediction",
    LookalikeDefinition: "lookalike",
    SupervisedDefinition: "supervised",
    BehaviourDefinition: "behaviour",
    ClustersDefinition: "clusters",
    ImputationDefinition: "imputation",
    OutliersDefinition: "outliers",
    VisitsDefinition: "visits",
    EngagementDefinition: "engagement",
    DemographicsDefinition: "demographics",
    DevicesDefinition: "devices",
    PlacesDefinition: "places",
    EnrichmentDefinition: "enrichment",
    GeocodingDefinition: "geocoding",
    TextsDefinition: "texts",
    SurveyDefinition: "survey",
}
_FAMILIES: Final[Mapping[type[ScoreDefinition], Family]] = {
    RfmDefinition: Family.TRANSACTIONAL,
    ClvDefinition: Family.TRANSACTIONAL,
    PredictionDefinition: Family.OTHER,
    LookalikeDefinition: Family.OTHER,
    SupervisedDefinition: Family.OTHER,
    BehaviourDefinition: Family.TRANSACTIONAL,
    ClustersDefinition: Family.OTHER,
    VisitsDefinition: Family.BEHAVIOURAL,
    EngagementDefinition: Family.BEHAVIOURAL,
    DevicesDefinition: Family.TECHNOGRAPHIC,
    DemographicsDefinition: Family.DEMOGRAPHIC,
    PlacesDefinition: Family.GEOGRAPHIC,
    GeocodingDefinition: Family.GEOGRAPHIC,
    TextsDefinition: Family.PSYCHOGRAPHIC,
    SurveyDefinition: Family.PSYCHOGRAPHIC,
}


def kind_of(score: ScoreDefinition) -> str:
    """Return the kind that a file calls a score by.

    >>> kind_of(RfmDefinition("rfm", "order_completed", "total"))
    'rfm'
    """
    return _KINDS[type(score)]


def family_of(trait: str, score: ScoreDefinition | None, declared: Mapping[str, Family]) -> Family:
    """Return the family of a trait that a score wrote, or a source told; `declared` are those of the tracking plan.

    >>> from kohort.definitions.repair import ImputationMethod
    >>> family_of("age_filled", ImputationDefinition("fill", ("age",), ImputationMethod.MEAN), {})
    <Family.DEMOGRAPHIC: 'demographic'>
    >>> family_of("shoe_size", None, {"shoe_size": Family.DEMOGRAPHIC})
    <Family.DEMOGRAPHIC: 'demographic'>
    """
    if trait in declared:
        return declared[trait]
    if score is None:
        return usual_family(trait)
    if isinstance(score, ImputationDefinition | OutliersDefinition):
        told = repaired_trait(trait)
        return declared.get(told, usual_family(told))
    if isinstance(score, EnrichmentDefinition):
        return score.family
    if isinstance(score, BehaviourDefinition) and trait in _HABITS:
        return Family.BEHAVIOURAL
    return _FAMILIES[type(score)]


def score_definitions_of(document: object, file: str) -> tuple[ScoreDefinition, ...]:
    """Read the content of one file of scores: a list under `scores`, each with its `kind`.

    Raises DefinitionError with the file and field of what is wrong.

    >>> document = {"scores": [{"kind": "rfm", "name": "rfm", "event": "order_completed", "value": "total"}]}
    >>> score_definitions_of(document, "scores/rfm.yaml")[0].levels
    (5, 5, 5)
    """
    fields = Fields(document, file)
    scores = tuple(_score(one) for one in fields.items("scores"))
    fields.refuse_unknown()
    return scores


def _score(fields: Fields) -> ScoreDefinition:
    makers: Mapping[str, Callable[[Fields], ScoreDefinition]] = {
        "rfm": rfm_of,
        "clv": clv_of,
        "prediction": prediction_of,
        "lookalike": lookalike_of,
        "supervised": supervised_of,
        "behaviour": _behaviour,
        "clusters": clusters_of,
        "imputation": imputation_of,
        "outliers": outliers_of,
        "visits": visits_of,
        "engagement": engagement_of,
        "devices": devices_of,
        "demographics": demographics_of,
        "places": places_of,
        "enrichment": enrichment_of,
        "geocoding": geocoding_of,
        "texts": texts_of,
        "survey": survey_of,
    }
    kind = fields.text("kind")
    if kind not in makers:
        raise fields.wrong("kind", "one of " + ", ".join(makers), kind)
    score = makers[kind](fields)
    fields.refuse_unknown()
    return score


def _behaviour(fields: Fields) -> BehaviourDefinition:
    shares = fields.inner("shares")
    items = fields.text("items", default="")
    return BehaviourDefinition(
        name=fields.text("name", default="behaviour"),
        event=fields.text("event"),
        value=fields.text("value"),
        items=items,
        place=fields.text("place", default=""),
        shares=tuple((name, shares.text(name)) for name in shares.names()) if shares else (),
        trend=fields.build("trend", parse_duration, default="90 days"),
        splits=splits_of(fields.inner("splits"), items=bool(items)),
    )
