"""Templates: what a page's answer becomes for a person. All that they are given is taken for hostile."""

from functools import cache
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kohort.reports.formatting import clean
from kohort.rules.languages import Language
from kohort.web.studio.languages import translations

_PACKAGE: Final = "kohort.web.studio"


@cache
def templates(language: Language) -> Environment:
    """Return the templates in a language: each value is escaped, and shown without characters that hide others."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["urlencode"] = _encoded
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


def _encoded(value: str) -> str:
    """Return a name as a part of an address: Jinja's own way leaves a slash, which parts a path."""
    return quote(value, safe="")


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else clean(str(value))
