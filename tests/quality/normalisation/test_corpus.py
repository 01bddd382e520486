"""Every line of the corpus: what becomes of values as people and programs write them."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from normal_values import outcome, shown

CORPUS = Path(__file__).with_name("corpus.txt")
LEAST_OF_A_KIND = 20


class Line(NamedTuple):
    declared: str
    value: str
    status: str
    normal: str
    rules: str


def plain(text: str) -> str:
    return text.encode("raw_unicode_escape").decode("raw_unicode_escape") if "\\" in text else text


@cache
def lines() -> list[Line]:
    found, declared = [], ""
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            declared = line[1:-1]
        elif line and not line.startswith("#"):
            value, status, normal, rules = [part.strip(" ") for part in f"{line} ".split("|")]
            found.append(Line(declared, plain(value), status, plain(normal), rules))
    return found


SECTIONS = {one.declared: [line for line in lines() if line.declared == one.declared] for one in lines()}


@pytest.mark.parametrize("declared", SECTIONS)
def test_what_becomes_of_the_values_of(declared: str) -> None:
    found = [outcome(declared, one.value) for one in SECTIONS[declared]]
    told = [
        Line(declared, one.value, its.status, shown(declared, its), ", ".join(its.rules))
        for one, its in zip(SECTIONS[declared], found, strict=True)
    ]
    assert told == SECTIONS[declared]


def test_every_kind_is_tried_on_many_values() -> None:
    counts: dict[str, int] = {}
    for one in lines():
        kind = one.declared.split(",")[0]
        counts[kind] = counts.get(kind, 0) + 1
    assert min(counts.values()) >= LEAST_OF_A_KIND, counts
    assert len(counts) == 10
