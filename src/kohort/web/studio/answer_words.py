"""How scores of what people say are spoken of in the studio: their texts, and their answers to surveys."""

from collections.abc import Callable, Mapping
from typing import Final

from kohort.definitions.score import PsychographicDefinition
from kohort.definitions.survey import SurveyMeasure
from kohort.definitions.texts import TextsDefinition
from kohort.rules.languages import Language
from kohort.web.studio.languages import translations
from kohort.web.studio.navigation import marked

_: Final[Callable[[str], str]] = marked

_OF_TEXTS: Final[Mapping[str, str]] = {
    "texts": _("Texts read"),
    "sentiment": _("Mean sentiment, from -1 to 1"),
    "negative_share": _("Share of negative texts"),
    "newest": _("Sentiment of the newest text"),
    "theme": _("Main theme"),
    "themes": _("Themes"),
    "interests": _("Interests"),
}
_OF_SURVEYS: Final[Mapping[SurveyMeasure, Mapping[str, str]]] = {
    SurveyMeasure.SCALE: {"score": _("Mean of the answers"), "answered": _("Items answered")},
    SurveyMeasure.NPS: {"answer": _("Answer, from 0 to 10"), "group": _("Promoter, passive or detractor")},
    SurveyMeasure.CSAT: {"answer": _("Answer"), "satisfied": _("Satisfied")},
}
_SENTIMENTS: Final[Mapping[str, str]] = {
    "negative": _("negative"),
    "neutral": _("neutral"),
    "positive": _("positive"),
}
_GROUPS: Final[Mapping[str, str]] = {
    "promoter": _("promoter"),
    "passive": _("passive"),
    "detractor": _("detractor"),
}
_THEMES: Final[Mapping[str, str]] = {
    "choice": _("choice"),
    "delivery": _("delivery"),
    "price": _("price"),
    "quality": _("quality"),
    "reliability": _("reliability"),
    "returns": _("returns"),
    "service": _("service"),
    "store": _("store"),
    "usability": _("usability"),
}
_INTERESTS: Final[Mapping[str, str]] = {
    "animals": _("animals"),
    "beauty": _("beauty"),
    "cooking": _("cooking"),
    "culture": _("culture"),
    "environment": _("environment"),
    "family": _("family"),
    "fashion": _("fashion"),
    "finance": _("finance"),
    "home": _("home"),
    "sport": _("sport"),
    "technology": _("technology"),
    "travel": _("travel"),
}


def answer_names(score: PsychographicDefinition, language: Language) -> dict[str, str]:
    """Return what the traits of a score are called.

    >>> answer_names(TextsDefinition("voice", ()), Language.EN)["voice_interests"]
    'Interests'
    """
    gettext = translations(language).gettext
    names = _OF_TEXTS if isinstance(score, TextsDefinition) else _OF_SURVEYS[score.measure]
    return {f"{score.name}_{end}": gettext(name) for end, name in names.items()}


def answer_values(score: PsychographicDefinition, language: Language) -> dict[str, Mapping[str, str]]:
    """Return what the words are called that a score's traits can be, by trait.

    >>> from kohort.definitions.survey import SurveyDefinition
    >>> answer_values(SurveyDefinition("nps", SurveyMeasure.NPS, (), 0, 10), Language.FR)["nps_group"]["passive"]
    'passif'
    """
    gettext = translations(language).gettext
    values: Mapping[str, Mapping[str, str]] = {"group": _GROUPS}
    if isinstance(score, TextsDefinition):
        values = {"newest": _SENTIMENTS, "theme": _THEMES, "themes": _THEMES, "interests": _INTERESTS}
    return {f"{score.name}_{end}": {one: gettext(word) for one, word in words.items()} for end, words in values.items()}


def about_answers(score: PsychographicDefinition, language: Language) -> str:
    """Return in a sentence what a score tells.

    >>> from kohort.definitions.answers import AnswerSource
    >>> about_answers(TextsDefinition("voice", (AnswerSource("review_written", "body"),)), Language.EN)
    'What people write in review_written.body: its sentiment, themes and interests, read on this machine.'
    """
    gettext = translations(language).gettext
    if isinstance(score, TextsDefinition):
        told = gettext("What people write in %(places)s: its sentiment, themes and interests, read on this machine.")
        return told % {"places": ", ".join(one.label for one in score.sources)}
    told = {
        SurveyMeasure.SCALE: gettext("A scale: the mean of the answers to %(places)s."),
        SurveyMeasure.NPS: gettext("Whether people recommend, by %(places)s."),
        SurveyMeasure.CSAT: gettext("Whether people are satisfied, by %(places)s."),
    }[score.measure]
    return told % {"places": ", ".join(one.label for one in score.items)}
