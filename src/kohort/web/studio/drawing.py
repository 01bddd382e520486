"""Charts in the language of a page: numbers as its text has them, months by their names."""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, Final

from altair.utils import schemapi
from babel import Locale
from markupsafe import Markup
from pydantic import BaseModel

from kohort.learning.wording import Bilingual
from kohort.reports.chart_words import Writing
from kohort.reports.figures import Figure, drawn
from kohort.reports.theme import AnyChart
from kohort.rules.languages import Language
from kohort.web.studio.formats import Formats
from kohort.web.studio.languages import LOCALES

_NOTHING: Final = Markup("")
# Each part of a chart would be validated when it is made, which takes as long as the rest: tests validate every chart.
schemapi.disable_debug_mode()


def writing_of(formats: Formats) -> Writing:
    """Return how charts write values for a reader."""
    return Writing(
        count=formats.count,
        percent=formats.percent,
        decimal=formats.decimal,
        spoken=lambda text: spoken(text, formats.language),
        locale=_vega(formats.language),
    )


def spoken(text: Bilingual, language: Language) -> str:
    """Return a text in a language, with the apostrophe of French print.

    >>> spoken(Bilingual("of all", "de l'ensemble"), Language.FR)
    'de l’ensemble'
    """
    return text.fr.replace("'", "’") if language is Language.FR else text.en


def figure(name: str, title: str, caption: str, chart: AnyChart) -> Figure:
    """Draw a chart; the page has its numbers in a table beside it."""
    return drawn(name, title, caption, chart)


class _Asked:
    """A chart that is asked for: equal to another where all that is drawn is the same."""

    def __init__(self, name: str, draw: Callable[[], Figure], shown: Sequence[object]) -> None:
        self.draw = draw
        said = (one.model_dump_json() if isinstance(one, BaseModel) else repr(one) for one in shown)
        self._key = (name, *said)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def kept(name: str, draw: Callable[[], Figure], formats: Formats, *shown: object) -> Figure:
    """Return the chart `name` as `draw` draws it of what is `shown`, which is all of it: the same is drawn once.

    >>> from zoneinfo import ZoneInfo
    >>> english, drawings = Formats(Language.EN, ZoneInfo("UTC")), []
    >>> def draw() -> Figure:
    ...     drawings.append(1)
    ...     return Figure("n", "t", "c", Markup(""), None)
    >>> _ = kept("n", draw, english, [1]), kept("n", draw, english, [1]), kept("n", draw, english, [2])
    >>> len(drawings)
    2
    """
    return _kept(_Asked(name, draw, (formats, *shown)))


@lru_cache(maxsize=128)
def _kept(asked: _Asked) -> Figure:
    return asked.draw()


@cache
def _vega(language: Language) -> dict[str, Any]:
    """Return how axes write numbers and times, as Vega wants to be told."""
    locale = LOCALES[language]
    symbols = locale.number_symbols["latn"]
    space = "\u202f" if language is Language.FR else ""
    return {
        "number": {
            "decimal": symbols["decimal"],
            "thousands": symbols["group"],
            "grouping": [3],
            "currency": ["", ""],
            "percent": f"{space}%",
        },
        "time": {
            "dateTime": "%A %e %B %Y %X",
            "date": "%d/%m/%Y",
            "time": "%H:%M:%S",
            "periods": ["AM", "PM"],
            **_names(locale, "days", "day", [6, 0, 1, 2, 3, 4, 5]),
            **_names(locale, "months", "month", list(range(1, 13))),
        },
    }


def _names(locale: Locale, plural: str, singular: str, order: list[int]) -> dict[str, list[str]]:
    names = getattr(locale, plural)["format"]
    return {
        plural: [names["wide"][place] for place in order],
        f"short{singular.capitalize()}s": [names["abbreviated"][place] for place in order],
    }
