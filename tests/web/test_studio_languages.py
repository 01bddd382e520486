"""The studio speaks French as completely as English, with the typography of each."""

import re
from collections import Counter
from pathlib import Path
from typing import cast

import pytest
from babel.messages.extract import extract_from_dir

from kohort.rules.languages import Language
from kohort.web.studio.languages import catalogs

STUDIO = Path(__file__).parents[2] / "src" / "kohort" / "web"
METHODS = [("**.py", "python"), ("**.html.j2", "jinja2.ext:babel_extract")]
OPTIONS = {"**.html.j2": {"trimmed": "true", "newstyle_gettext": "true"}}
TIGHT = re.compile(r"(?<![\u00a0\u202f])(?:[!?;:](?=\s|$|[.,)…])|»)|«(?![\u00a0\u202f])|\w'\w")
"""A sign without the space that stays with it, or a straight apostrophe."""


Key = tuple[str, ...]
"""A text, or the singular and plural of one."""


def _key(message: object) -> Key:
    return (message,) if isinstance(message, str) else tuple(cast("tuple[str, ...]", message))


def messages() -> set[Key]:
    """Return every text of the sources that is to be translated."""
    found = extract_from_dir(STUDIO, method_map=METHODS, options_map=OPTIONS)
    return {_key(message) for _, _, message, _, _ in found}


def translated() -> list[tuple[Key, Key]]:
    return [(_key(one.id), _key(one.string)) for catalog in catalogs(Language.FR) for one in catalog if one.id]


def test_every_text_is_in_french_and_nothing_more() -> None:
    french = {key for key, _ in translated()}
    assert messages() - french == set(), "to be translated, in src/kohort/web/studio/locale/fr/"
    assert french - messages() == set(), "no page says this any more"


def test_each_text_is_translated_once_and_whole() -> None:
    counted = Counter(key for key, _ in translated())
    assert [key for key, times in counted.items() if times > 1] == []
    for key, text in translated():
        assert all(text), key
    assert [one.id for catalog in catalogs(Language.FR) for one in catalog if one.id and one.fuzzy] == []


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


def test_translations_have_the_same_values_in_them() -> None:
    for key, text in translated():
        wanted = placeholders("".join(key))
        for one in text:
            # A singular may do without its number.
            assert placeholders(one) == wanted or (len(key) > 1 and placeholders(one) < wanted), key


def test_french_has_its_own_typography() -> None:
    for key, text in translated():
        for one in text:
            assert TIGHT.search(one) is None, (key, one)


@pytest.mark.parametrize(("text", "right"), [("Pourquoi ?", False), ("Pourquoi\u202f?", True), ("l'an", False)])
def test_the_look_for_typography_finds(text: str, right: bool) -> None:
    assert (TIGHT.search(text) is None) is right


def test_the_look_for_texts_finds_them() -> None:
    assert {("Home",), ("Skip to the content",), ("Segments",)} <= messages()
