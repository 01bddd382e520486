"""What scores/*.yaml may say of texts and surveys, and what is refused."""

import pytest

from kohort.clock import DAY
from kohort.definitions.answers import AnswerSource
from kohort.definitions.families import Family
from kohort.definitions.score import family_of, kind_of, score_definitions_of
from kohort.definitions.survey import SurveyDefinition, SurveyMeasure
from kohort.definitions.texts import TextsDefinition
from kohort.errors import DefinitionError

TEXTS: dict[str, object] = {
    "kind": "texts",
    "texts": [{"event": "review", "property": "body", "language": "lang"}, {"trait": "note"}],
}
SURVEY: dict[str, object] = {
    "kind": "survey",
    "name": "ease",
    "items": [{"trait": "q1"}, {"trait": "q2", "reversed": True}],
    "points": 7,
}


def one(score: dict[str, object]) -> object:
    (definition,) = score_definitions_of({"scores": [score]}, "scores/a.yaml")
    return definition


def test_texts_and_surveys_are_read_and_are_psychographic() -> None:
    texts, survey = one(TEXTS | {"window": "90 days"}), one(SURVEY)
    assert texts == TextsDefinition(
        "voice", (AnswerSource("review", "body", language="lang"), AnswerSource(trait="note")), window=90 * DAY
    )
    items = (AnswerSource(trait="q1"), AnswerSource(trait="q2", reversed=True))
    assert survey == SurveyDefinition("ease", SurveyMeasure.SCALE, items, 1, 7, 1)
    for definition, kind in ((texts, "texts"), (survey, "survey")):
        assert isinstance(definition, TextsDefinition | SurveyDefinition)
        assert kind_of(definition) == kind
        assert family_of("voice_interests", definition, {}) is Family.PSYCHOGRAPHIC


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (TEXTS | {"texts": []}, "texts"),
        (TEXTS | {"texts": [{"event": "review"}]}, "property"),
        (TEXTS | {"texts": [{"event": "review", "property": "body", "trait": "note"}]}, "or a trait"),
        (TEXTS | {"texts": [{"trait": "note", "reversed": True}]}, "cannot be reversed"),
        (TEXTS | {"texts": [{"trait": "note", "reversed": "yes"}]}, "true or false"),
        (TEXTS | {"language": "de"}, "one of en, fr"),
        (TEXTS | {"minimum": 0}, "from 1 on"),
        (TEXTS | {"windw": "9 days"}, 'did you mean "window"'),
        (SURVEY | {"measure": "ces"}, "one of scale, nps, csat"),
        (SURVEY | {"measure": "nps"}, "several of a scale only"),
        (SURVEY | {"measure": "csat", "items": [{"trait": "q2", "reversed": True}]}, "turned answers"),
        (SURVEY | {"items": []}, "one item"),
        (SURVEY | {"items": [{"event": "e", "property": "p", "language": "l"}]}, "no language"),
        (SURVEY | {"points": 1}, "2 to 11"),
        (SURVEY | {"minimum": 3}, "1 to 2"),
    ],
)
def test_what_is_wrong_is_named(score: dict[str, object], said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        one(score)
