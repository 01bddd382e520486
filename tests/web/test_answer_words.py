"""What people say is spoken of in both languages."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from kohort.definitions.answers import AnswerSource
from kohort.definitions.survey import SurveyDefinition, SurveyMeasure
from kohort.definitions.texts import TextsDefinition
from kohort.rules.languages import Language
from kohort.web.studio.formats import Formats
from kohort.web.studio.values import ScoreWords

ITEM = (AnswerSource("survey_answered", "q1"),)
TEXTS = TextsDefinition("voice", (AnswerSource("review_written", "body"), AnswerSource(trait="comment")))
SURVEYS = {one: SurveyDefinition(one.value, one, ITEM, 0, 10) for one in SurveyMeasure}


def words(language: Language) -> ScoreWords:
    return ScoreWords([TEXTS, *SURVEYS.values()], Formats(language, ZoneInfo("UTC")))


def test_a_score_says_where_it_reads() -> None:
    assert words(Language.FR).about(TEXTS) == (
        "Ce que les personnes écrivent dans review_written.body, comment\u202f: sentiment, thèmes et centres "
        "d’intérêt, lus sur cette machine."
    )
    assert words(Language.EN).about(SURVEYS[SurveyMeasure.NPS]) == "Whether people recommend, by survey_answered.q1."
    assert words(Language.EN).about(SURVEYS[SurveyMeasure.SCALE]).startswith("A scale")
    assert words(Language.FR).about(SURVEYS[SurveyMeasure.CSAT]) == "Satisfaction, d’après survey_answered.q1."


@pytest.mark.parametrize(
    ("trait", "name", "value", "shown"),
    [
        ("voice_newest", "Sentiment du texte le plus récent", "negative", "négatif"),
        ("voice_theme", "Thème principal", "usability", "simplicité d’usage"),
        ("voice_interests", "Centres d’intérêt", ("sport", "home"), "sport, maison"),
        ("nps_group", "Promoteur, passif ou détracteur", "detractor", "détracteur"),
        ("scale_score", "Moyenne des réponses", Decimal("4.5"), "4,5"),
    ],
)
def test_traits_and_their_words_are_in_french(
    trait: str, name: str, value: str | Decimal | tuple[str, ...], shown: str
) -> None:
    assert (words(Language.FR).name(trait), words(Language.FR).value(trait, value)) == (name, shown)
