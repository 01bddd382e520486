"""Whatever people write into names, the page stays the page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

import msgspec
import pytest
from html_reading import Page
from report_builder import cluster_map, discovery, shop

from kohort.reports.page import render_report

SMALL = replace(shop(), discovery=replace(discovery(), map=cluster_map(20)))

DRAWN = {"svg", "title", "desc", "g", "path", "rect", "line", "text", "tspan", "defs", "clippath", "circle"}

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'--></style></svg><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "]]><!--",
    "a\x00b\x1bc\x7f",
    "\u202eevil\u2066\u200f",
    "\ud800 alone",
    "&lt;b&gt; &amp; https://evil.example/x",
    "javascript:alert(1)",
    "datum.x[0]\\n\"'`",
    "x" * 10_000,
    " \n\t ",
    "🛒 панье 買い物",
)


def replaced(value: Any, texts: Sequence[str], number: Iterator[int]) -> Any:
    """Return a copy of `value` with every text in it exchanged for the next of `texts`, each made different."""
    if isinstance(value, str):
        position = next(number)
        return f"{position}{texts[position % len(texts)]}"
    if isinstance(value, tuple):
        return tuple(replaced(one, texts, number) for one in value)
    if isinstance(value, datetime) or value is None:
        return value
    if isinstance(value, msgspec.Struct):
        return type(value)(*(replaced(getattr(value, name), texts, number) for name in value.__struct_fields__))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: replaced(getattr(value, one.name), texts, number) for one in fields(value)})
    return value


@cache
def rendered(texts: Sequence[str], first: int) -> Page:
    """Return the page whose texts are `texts` in turn, beginning with the one at `first`."""
    return Page(render_report(replaced(SMALL, texts, count(100 + first))))


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(one, marks=pytest.mark.slow) for one in range(3, len(HOSTILE), 3))]
)
def test_hostile_text_never_becomes_structure(first: int) -> None:
    page = rendered(HOSTILE, first)
    assert page.structure() == rendered(("name",), 0).structure()
    assert page.unmatched == []
    assert {one.tag for one in page.elements if "svg" in one.path} <= DRAWN
    assert not any(name.startswith("on") for one in page.elements for name in one.attributes)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page.source)
    page.source.encode()


def test_hostile_text_is_still_shown() -> None:
    said = rendered(HOSTILE, 0).text()
    assert "<script>alert(1)</script>" in said
    assert "{{ 7 * 7 }}" in said


def test_endless_text_is_cut() -> None:
    assert "x" * 2_000 not in rendered(HOSTILE, 0).source
