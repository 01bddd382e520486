"""Charts in the language of a page: numbers as its text has them, months by their names."""

from functools import cache
from typing import Any, Final

from babel import Locale
from markupsafe import Markup

from kohort.learning.wording import Bilingual
from kohort.reports.chart_words import Writing
from kohort.reports.figures import Figure, drawn
from kohort.reports.theme import AnyChart
from kohort.rules.languages import Language
from kohort.web.studio.formats import Formats
from kohort.web.studio.languages import LOCALES

_NOTHING: Final = Markup("")


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
