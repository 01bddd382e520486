"""Every sentence in the tables of the page of rules is read, in both languages, and prints as it stands."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import get_args

import pytest

from kohort.definitions.values import ValueType
from kohort.rules import nodes
from kohort.rules.catalog import Catalog
from kohort.rules.document import document_of
from kohort.rules.languages import Language
from kohort.rules.nodes import Trait
from kohort.rules.operators import Function
from kohort.rules.print import print_rule
from kohort.rules.read import read_rule
from kohort.rules.windows import Window
from snippets import ROOT

NUMBER, TEXT = ValueType.NUMBER, ValueType.TEXT
CATALOG = Catalog(
    events={
        "order_completed": {
            "total": {NUMBER: "total"},
            "shop": {TEXT: "shop"},
            "coupon": {TEXT: "coupon"},
            "departments": {ValueType.TEXT_LIST: "departments"},
        },
        "add_to_cart": {},
        "page_viewed": {},
    },
    traits={
        **dict.fromkeys(("clv", "my trait"), NUMBER),
        **dict.fromkeys(("country", "email"), TEXT),
        **{
            trait.name: NUMBER
            for point in ("location", "home")
            for trait in nodes.InCell(point, "8075fffffffffff").coordinates
        },
        "subscribed": ValueType.BOOLEAN,
        "birth_date": ValueType.MOMENT,
        "interests": ValueType.TEXT_LIST,
    },
    segments={"vip": "clv > 3"},
    periods={"summer sale": (date(2026, 7, 1), date(2026, 7, 31))},
    purposes={"ads_matching": ("ads_matching",)},
)
FRENCH = replace(CATALOG, language=Language.FR)


def rows() -> Iterator[tuple[str, str]]:
    """Yield the sentences of every row of a table that begins with English and French."""
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    for table in re.findall(r"^\| English \| French \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", page, re.MULTILINE):
        for row in table.splitlines():
            english, french = row.strip("|").split(" | ")[:2]
            yield written(english), written(french)


def written(cell: str) -> str:
    """Return what stands between one or two backticks."""
    text = cell.strip().strip("|").strip()
    return text.removeprefix("``").removesuffix("``").strip() if text.startswith("``") else text.strip("`")


@pytest.mark.parametrize(("english", "french"), list(rows()))
def test_both_sentences_are_one_rule(english: str, french: str) -> None:
    rule = read_rule(english, CATALOG)
    assert read_rule(french, FRENCH) == rule
    assert (print_rule(rule), print_rule(rule, Language.FR)) == (english, french)


def test_the_page_shows_every_construct() -> None:
    shown: set[str] = set()

    def look(value: object) -> None:
        if isinstance(value, dict):
            shown.add(value.get("type", ""))
            shown.update(str(one) for key, one in value.items() if key in {"function", "occurrence", "side", "name"})
            for one in value.values():
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)

    for english, _ in rows():
        look(document_of(read_rule(english, CATALOG)))
    kinds = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", one.__name__).lower() for one in (*get_args(nodes.Condition), *get_args(Window))
    }
    assert sorted((kinds | {one.value for one in Function} | {Trait.__name__.lower()}) - shown) == []
