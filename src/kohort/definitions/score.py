"""What a file in `scores/` declares: values that Kohort computes for each person and writes as traits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.demographics import DemographicsDefinition, demographics_of
from kohort.definitions.devices import DevicesDefinition, devices_of
from kohort.definitions.engagement import EngagementDefinition, engagement_of
from kohort.definitions.enrichment import EnrichmentDefinition, enrichment_of
from kohort.definitions.families import Family, usual_family
from kohort.definitions.fields import Fields
from kohort.definitions.geocoding import GeocodingDefinition, geocoding_of
from kohort.definitions.places import PlacesDefinition, places_of
from kohort.definitions.repair import (
    ImputationDefinition,
    OutliersDefinition,
    imputation_of,
    outliers_of,
    repaired_trait,
)
from kohort.definitions.splits import SplitDefinition, splits_of
from kohort.definitions.survey import SurveyDefinition, survey_of
from kohort.definitions.texts import TextsDefinition, texts_of
from kohort.definitions.visits import VisitsDefinition, visits_of

LEVELS: Final = 5
RFM_AXES: Final = ("recency", "frequency", "monetary")
VALUE_KINDS: Final = ("count", "days", "money", "share", "number")
_HABITS: Final = frozenset({"evening_share", "weekend_share", "usual_hour", "usual_weekday"})
"""Traits of what somebody buys that tell when, and not what."""

Scores = tuple[int, int]
"""The lowest and the highest score, both included."""


@dataclass(frozen=True)
class RfmCellDefinition:
    """A named cell of RFM scores, made of boxes (recency, frequency, monetary)."""

    name: str
    label: Mapping[str, str]
    boxes: tuple[tuple[Scores, Scores, Scores], ...]


@dataclass(frozen=True)
class RfmDefinition:
    """Recency, frequency and monetary value of `event`, whose property `value` is the money.

    Traits written: `{name}_recency`, `_frequency`, `_monetary` (1 to `levels`), `_score`, `_cell`.
    `window` in microseconds is how far back orders count. `cells` names ranges of scores; without any, Kohort's own.
    """

    name: str
    event: str
    value: str
    levels: int = LEVELS
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    window: int = 365 * DAY
    cells: tuple[RfmCellDefinition, ...] = ()


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


@dataclass(frozen=True)
class TraitWording:
    """How a persona speaks of a trait: its name, and who has much or little of it, each by language.

    `kind` tells how a value is written: count, days, money, share or number.
    """

    trait: str
    kind: str
    name: Mapping[str, str]
    high: Mapping[str, str]
    low: Mapping[str, str]


@dataclass(frozen=True)
class ClustersDefinition:
    """Clusters of people by `features` (traits of another score), for `kohort discover`.

    Traits written: `{name}` (the persona's name) and `{name}_number`. `wording` says how a
    persona speaks of a trait. `profile` lists traits that describe a
    persona without forming the clusters (demographics, for one).
    """

    name: str
    features: tuple[str, ...]
    profile: tuple[str, ...] = ()
    smallest: int = 2
    largest: int = 10
    bootstraps: int = 20
    seed: int = 0
    wording: tuple[TraitWording, ...] = ()


TraitsDefinition = VisitsDefinition | EngagementDefinition | DevicesDefinition
"""A score that computes the traits of a family from events."""
PsychographicDefinition = TextsDefinition | SurveyDefinition
"""A score of what people say: in their words, or as answers of a survey."""
GeographicDefinition = PlacesDefinition | EnrichmentDefinition | GeocodingDefinition
"""A score of places: where people are, and what is known of there."""

ScoreDefinition = (
    RfmDefinition
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


def score_definitions_of(document: object, file: str) -> list[ScoreDefinition]:
    """Read the content of one file of scores: a list under `scores`, each with its `kind`.

    Raises DefinitionError with the file and field of what is wrong.

    >>> document = {"scores": [{"kind": "rfm", "name": "rfm", "event": "order_completed", "value": "total"}]}
    >>> score_definitions_of(document, "scores/rfm.yaml")[0].levels
    5
    """
    fields = Fields(document, file)
    scores = [_score(one) for one in fields.items("scores")]
    fields.refuse_unknown()
    return scores


def _score(fields: Fields) -> ScoreDefinition:
    makers: Mapping[str, Callable[[Fields], ScoreDefinition]] = {
        "rfm": _rfm,
        "behaviour": _behaviour,
        "clusters": _clusters,
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


def _rfm(fields: Fields) -> RfmDefinition:
    return RfmDefinition(
        name=fields.text("name", default="rfm"),
        event=fields.text("event"),
        value=fields.text("value"),
        levels=fields.integer("levels", default=LEVELS),
        weights=_weights(fields.inner("weights")),
        window=fields.build("window", parse_duration, default="365 days"),
        cells=tuple(_cell(one, fields.integer("levels", default=LEVELS)) for one in fields.items("cells")),
    )


def _cell(fields: Fields, levels: int) -> RfmCellDefinition:
    boxes = [tuple(_range(box, axis, levels) for axis in RFM_AXES) for box in fields.items("scores")]
    if not boxes:
        raise fields.wrong("scores", "a list of ranges, each with recency, frequency or monetary", None)
    cell = RfmCellDefinition(fields.text("name"), _languages(fields, "label"), tuple((r, f, m) for r, f, m in boxes))
    fields.refuse_unknown()
    return cell


def _range(box: Fields, axis: str, levels: int) -> Scores:
    value = box.value(axis)
    if value is None:
        return 1, levels
    low, high = value if isinstance(value, list) and len(value) == 2 else (value, value)  # noqa: PLR2004 - low and high
    if not (isinstance(low, int) and isinstance(high, int) and 1 <= low <= high <= levels):
        raise box.wrong(axis, f"a score or two from 1 to {levels}, such as [4, {levels}]", value)
    return low, high


def _weights(fields: Fields | None) -> tuple[float, float, float]:
    if fields is None:
        return (1.0, 1.0, 1.0)
    weights = (fields.number("recency"), fields.number("frequency"), fields.number("monetary"))
    fields.refuse_unknown()
    return weights


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


def _clusters(fields: Fields) -> ClustersDefinition:
    return ClustersDefinition(
        name=fields.text("name", default="persona"),
        features=fields.texts("features"),
        profile=fields.texts("profile", default=()),
        smallest=fields.integer("smallest", default=2),
        largest=fields.integer("largest", default=10),
        bootstraps=fields.integer("bootstraps", default=20),
        seed=fields.integer("seed", default=0),
        wording=_wording(fields.inner("wording")),
    )


def _wording(fields: Fields | None) -> tuple[TraitWording, ...]:
    return tuple(_trait_wording(name, fields) for name in fields.names()) if fields else ()


def _trait_wording(name: str, wordings: Fields) -> TraitWording:
    fields = wordings.inner(name)
    if fields is None:
        raise wordings.wrong(name, "name, high and low, each in en and fr", None)
    kind = fields.text("kind", default="number")
    if kind not in VALUE_KINDS:
        raise fields.wrong("kind", "one of " + ", ".join(VALUE_KINDS), kind)
    wording = TraitWording(name, kind, *(_languages(fields, part) for part in ("name", "high", "low")))
    fields.refuse_unknown()
    return wording


def _languages(fields: Fields, part: str) -> Mapping[str, str]:
    words = fields.inner(part)
    if words is None:
        raise fields.wrong(part, "the words in en and fr", None)
    return {"en": words.text("en"), "fr": words.text("fr")}
