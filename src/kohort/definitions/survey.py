"""What a file in `scores/` declares of a survey: its items, their direction, and what is made of the answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.definitions.answers import AnswerSource, answer_source_of
from kohort.definitions.fields import Fields

_NPS: Final = (0, 10)
_FEWEST_POINTS: Final = 2
_MOST_POINTS: Final = 11


class SurveyMeasure(StrEnum):
    """What is made of answers."""

    SCALE = "scale"
    NPS = "nps"
    CSAT = "csat"


@dataclass(frozen=True)
class SurveyDefinition:
    """Answers to `items`, whole numbers from `lowest` to `highest`; an answer outside counts as none.

    Traits written: of a SCALE `{name}_score`, the mean of the answers of who gave at least `minimum`, reversed items
    turned, and `{name}_answered`; of NPS `{name}_answer` (0 to 10) and `{name}_group`: promoter, passive or detractor;
    of CSAT `{name}_answer` and `{name}_satisfied`, whether the answer is one of the two best.
    """

    name: str
    measure: SurveyMeasure
    items: tuple[AnswerSource, ...]
    lowest: int
    highest: int
    minimum: int = 1


def survey_of(fields: Fields) -> SurveyDefinition:
    """Read a score of the kind `survey`; raises DefinitionError.

    >>> document = {"measure": "nps", "items": [{"event": "survey_answered", "property": "nps"}]}
    >>> survey_of(Fields(document, "scores/a.yaml")).highest
    10
    """
    name, told = fields.text("name", default="survey"), fields.text("measure", default="scale")
    if told not in set(SurveyMeasure):
        raise fields.wrong("measure", "one of " + ", ".join(SurveyMeasure), told)
    measure, items = SurveyMeasure(told), tuple(answer_source_of(one) for one in fields.items("items"))
    if not items or (measure is not SurveyMeasure.SCALE and len(items) > 1):
        raise fields.wrong("items", "one item, and several of a scale only", len(items))
    if measure is not SurveyMeasure.SCALE and items[0].reversed:
        raise fields.wrong("items", "an item that is not reversed: turned answers make a scale", "reversed")
    if any(one.language for one in items):
        raise fields.wrong("items", "numbers, which have no language", "language")
    if measure is SurveyMeasure.NPS:
        return SurveyDefinition(name, measure, items, *_NPS)
    lowest, points = fields.integer("lowest", default=1), fields.integer("points", default=5)
    if not _FEWEST_POINTS <= points <= _MOST_POINTS:
        raise fields.wrong("points", f"{_FEWEST_POINTS} to {_MOST_POINTS}", points)
    minimum = fields.integer("minimum", default=(len(items) + 1) // 2)
    if not 1 <= minimum <= len(items):
        raise fields.wrong("minimum", f"1 to {len(items)}, as there are items", minimum)
    return SurveyDefinition(name, measure, items, lowest, lowest + points - 1, minimum)
