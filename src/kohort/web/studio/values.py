"""Values as a reader's language writes them: numbers with its signs, moments, yes and no, lists."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from kohort.clock import moment_of
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.clv import ClvDefinition
from kohort.definitions.demographics import DemographicsDefinition
from kohort.definitions.devices import DevicesDefinition
from kohort.definitions.engagement import EngagementDefinition
from kohort.definitions.enrichment import EnrichmentDefinition
from kohort.definitions.families import Family
from kohort.definitions.geocoding import GeocodingDefinition
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.places import PlacesDefinition
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.repair import ImputationDefinition, OutliersDefinition
from kohort.definitions.rfm import RFM_AXES, RfmDefinition
from kohort.definitions.score import BehaviourDefinition, PsychographicDefinition, ScoreDefinition, TraitsDefinition
from kohort.definitions.supervised import SupervisedDefinition
from kohort.definitions.survey import SurveyDefinition
from kohort.definitions.texts import TextsDefinition
from kohort.definitions.values import MICRO
from kohort.definitions.visits import VisitsDefinition
from kohort.engines.evaluation import Shown
from kohort.learning.traits import TraitKind, TraitLabel
from kohort.pipeline.families.wording import FAMILY_LABELS
from kohort.pipeline.scoring import rfm_cells
from kohort.pipeline.wording import BEHAVIOUR_LABELS, trait_labels
from kohort.rules.languages import Language
from kohort.web.studio.answer_words import about_answers, answer_names, answer_values
from kohort.web.studio.formats import Formats
from kohort.web.studio.languages import translations
from kohort.web.studio.place_words import about_places, place_names
from kohort.web.studio.prediction_words import about_chosen, about_prediction, chosen_names, prediction_names
from kohort.web.studio.value_words import value_names

_PLACES: Final = 6
_FEW: Final = 2


def shown(value: Shown, formats: Formats) -> str:
    r"""Return a value as text, "" where it is missing.

    >>> from zoneinfo import ZoneInfo
    >>> french = Formats(Language.FR, ZoneInfo("UTC"))
    >>> shown(Decimal("1234.50"), french), shown(("thé", "jazz"), french), shown(True, french)
    ('1\u202f234,5', 'thé, jazz', 'oui')
    """
    gettext = translations(formats.language).gettext
    match value:
        case None:
            return ""
        case bool():
            return gettext("yes") if value else gettext("no")
        case Decimal():
            return formats.decimal(float(value), _PLACES) if abs(value) < MICRO else formats.count(int(value))
        case datetime():
            return formats.moment(moment_of(value))
        case tuple():
            return ", ".join(value)
        case _:
            return value


def family_name(language: Language, family: Family) -> str:
    """Return what a family of traits is called, as a heading.

    >>> family_name(Language.FR, Family.TRANSACTIONAL)
    'Achats'
    """
    gettext = translations(language).gettext
    names = {
        Family.DEMOGRAPHIC: gettext("Demographic"),
        Family.FIRMOGRAPHIC: gettext("Firmographic"),
        Family.GEOGRAPHIC: gettext("Geographic"),
        Family.TECHNOGRAPHIC: gettext("Technographic"),
        Family.TRANSACTIONAL: gettext("Transactional"),
        Family.BEHAVIOURAL: gettext("Behavioural"),
        Family.PSYCHOGRAPHIC: gettext("Psychographic"),
        Family.OTHER: gettext("Other traits"),
    }
    return names[family]


class ScoreWords:
    """How scores are spoken of: what each is, what its traits are called, how their values are written."""

    def __init__(self, scores: list[ScoreDefinition], formats: Formats) -> None:
        self._formats = formats
        self._labels: dict[str, TraitLabel] = dict(BEHAVIOUR_LABELS)
        self._names: dict[str, str] = {}
        self._cells: dict[str, Mapping[str, str]] = {}
        gettext = translations(formats.language).gettext
        for one in scores:
            if isinstance(one, ClustersDefinition):
                self._labels |= trait_labels(one)
                self._names |= {
                    one.name: gettext("Group"),
                    f"{one.name}_number": gettext("Number of the group"),
                    f"{one.name}_id": gettext("Lasting id of the group"),
                }
            if isinstance(one, TraitsDefinition | DemographicsDefinition):
                self._labels |= {one.prefix + name: label for name, label in FAMILY_LABELS.items()}
            if isinstance(one, PlacesDefinition | GeocodingDefinition):
                self._names |= place_names(one, formats.language)
            if isinstance(one, TextsDefinition | SurveyDefinition):
                self._names |= answer_names(one, formats.language)
                self._cells |= answer_values(one, formats.language)
            if isinstance(one, ClvDefinition):
                self._names |= value_names(one.name, formats.language)
            if isinstance(one, PredictionDefinition):
                self._names |= prediction_names(one, formats.language)
            if isinstance(one, LookalikeDefinition | SupervisedDefinition):
                self._names |= chosen_names(one, formats.language)
            if isinstance(one, RfmDefinition):
                self._names |= {
                    f"{one.name}_recency": gettext("Recency"),
                    f"{one.name}_frequency": gettext("Frequency"),
                    f"{one.name}_monetary": gettext("Monetary value"),
                    f"{one.name}_score": gettext("Mean score"),
                    f"{one.name}_cell": gettext("Cell"),
                }
                self._cells[f"{one.name}_cell"] = {
                    cell.key: cell.label.fr if formats.language is Language.FR else cell.label.en
                    for cell in rfm_cells(one)
                }

    def about(self, score: ScoreDefinition) -> str:
        """Return what a score tells, in a sentence."""
        gettext = translations(self._formats.language).gettext
        match score:
            case RfmDefinition():
                return gettext(
                    "How recently, how often and for how much: %(event)s over %(window)s, scored 1 to %(recency)s, "
                    "%(frequency)s and %(monetary)s."
                ) % {
                    "event": score.event,
                    "window": self._formats.lasting(score.window / MICRO),
                    **dict(zip(RFM_AXES, score.levels, strict=True)),
                }
            case BehaviourDefinition() | ClvDefinition():
                return self._about_purchases(score)
            case ClustersDefinition() | PredictionDefinition() | LookalikeDefinition() | SupervisedDefinition():
                return self._about_learnt(score)
            case ImputationDefinition() | OutliersDefinition():
                return self._about_repair(score)
            case PlacesDefinition() | EnrichmentDefinition() | GeocodingDefinition():
                return about_places(score, self._formats)
            case _:
                return self._about_family(score)

    def _about_learnt(
        self, score: ClustersDefinition | PredictionDefinition | LookalikeDefinition | SupervisedDefinition
    ) -> str:
        match score:
            case ClustersDefinition():
                gettext = translations(self._formats.language).gettext
                features = ", ".join(self.name(one) for one in score.features)
                return gettext("The group of people who are most alike, by %(features)s.") % {"features": features}
            case PredictionDefinition():
                return about_prediction(score, self._formats)
            case LookalikeDefinition() | SupervisedDefinition():
                return about_chosen(score, self._formats.language)

    def _about_purchases(self, score: BehaviourDefinition | ClvDefinition) -> str:
        gettext = translations(self._formats.language).gettext
        match score:
            case BehaviourDefinition():
                return gettext("Habits, read from %(event)s.") % {"event": score.event}
            case ClvDefinition():
                told = gettext("What people will be worth over %(horizon)s, by %(event)s: expected, and how far off.")
                return told % {"event": score.event, "horizon": self._formats.lasting(score.horizon / MICRO)}

    def _about_repair(self, score: ImputationDefinition | OutliersDefinition) -> str:
        gettext = translations(self._formats.language).gettext
        match score:
            case ImputationDefinition():
                told = gettext("Missing values of %(traits)s, imputed by %(method)s; what was imputed is marked.")
                return told % {"traits": ", ".join(score.traits), "method": score.method}
            case OutliersDefinition():
                told = gettext("Unusual values of %(traits)s, found by %(methods)s.")
                return told % {"traits": ", ".join(score.traits), "methods": ", ".join(score.methods)}

    def _about_family(self, score: TraitsDefinition | DemographicsDefinition | PsychographicDefinition) -> str:
        gettext = translations(self._formats.language).gettext
        match score:
            case VisitsDefinition():
                return gettext("Visits: how often, for how long and from where.")
            case EngagementDefinition():
                return gettext("Answers to what people are sent, and an index of them from 0 to 100.")
            case DevicesDefinition():
                return gettext("Devices, systems and browsers, read from user agents.")
            case DemographicsDefinition():
                return gettext("Age and household, by what was told.")
            case TextsDefinition() | SurveyDefinition():
                return about_answers(score, self._formats.language)

    def name(self, trait: str) -> str:
        """Return what a trait is called; its own name, where nothing better is known."""
        if trait in self._names:
            return self._names[trait]
        label = self._labels.get(trait)
        if label is None:
            return trait
        return label.fr if self._formats.language is Language.FR else label.en

    def value(self, trait: str, value: Shown) -> str:
        """Return the value of a trait, with the unit that it is known to have."""
        if trait in self._cells and isinstance(value, str):
            return self._cells[trait].get(value, value)
        if trait in self._cells and isinstance(value, tuple):
            return shown(tuple(self._cells[trait].get(one, one) for one in value), self._formats)
        if not isinstance(value, Decimal):
            return shown(value, self._formats)
        label = self._labels.get(trait)
        return self._measured(value, TraitKind.NUMBER if label is None else label.kind)

    def _measured(self, value: Decimal, kind: TraitKind) -> str:
        match kind:
            case TraitKind.SHARE:
                return self._formats.percent(float(value))
            case TraitKind.MONEY:
                return self._formats.money(int(value * MICRO))
            case TraitKind.DAYS:
                days = translations(self._formats.language).gettext("%(number)s days")
                return days % {"number": self._formats.decimal(float(value), 1)}
            case _:
                return self._formats.decimal(float(value), _FEW)
