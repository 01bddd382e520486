"""Names and texts made to break things: bound or refused, never part of a statement, never sent to a terminal."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

import duckdb
import pyarrow as pa
import pytest

from kohort.definitions.values import ValueType
from kohort.engines.reference import Reference
from kohort.engines.sql.engine import SqlEngine
from kohort.errors import DefinitionError, RuleError, UsageError
from kohort.rules.catalog import Catalog
from kohort.rules.document import document_of, rule_of
from kohort.rules.languages import Language
from kohort.rules.literals import Duration, Last, Text
from kohort.rules.nodes import Did, InSegment, Property, Rule, Step, Trait
from kohort.rules.print import print_rule
from kohort.rules.python import (
    anniversary,
    count,
    days_since_last,
    did,
    distance_to,
    event_property,
    in_cell,
    in_period,
    in_segment,
    last_of,
    score,
    sum_of,
    trait,
    within_polygon,
)
from kohort.rules.read import read_rule, resolve_rule
from kohort.rules.windows import InPeriod
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.relations import create_relations
from kohort.testing.worlds import World

HOSTILE: Final = {
    "a quote": "'; DROP TABLE owned; --",
    "a double quote": '"; DROP TABLE owned; --',
    "a backtick": "`; DROP TABLE owned; --",
    "a backslash": "\\'; SELECT 1 \\",
    "a comment": "*/ SELECT 1 /*",
    "a parameter": "$1 ? :x {x} %s",
    "NUL": "nul\0nul",
    "a right-to-left mark": "\u202egnp.exe\u2066",
    "an escape sequence": "\x1b[2J\x1b]0;owned\x07",
    "a new line": "one\r\ntwo",
    "ten kilobytes": "x" * 10_000,
    "a zero-width name": "\u200b",
    "a combining mark": "\u0301",
}
hostile = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)


def speaking_of(name: str) -> list[Rule]:
    """Return rules that use `name` wherever a name or a text can stand."""
    own = event_property(name)
    asked = (own == name) | ~own.contains(name)
    conditions = [
        trait(name) == name,
        trait(name).starts_with(name, ignoring_case=True) | trait(name).one_of(name, "x"),
        count(name, where=asked, last="7 days") > 1,
        last_of(name, name, during=in_period(name)) != name,
        days_since_last(name, where=own.ends_with(name)) < 3,
        did(name, where=asked).then(name, within="1 day").then_not(name, within="1 day"),
        score(count(name), 5, among=in_segment(name)) > 1,
        within_polygon([(0, 0), (0, 1), (1, 1)], point=name),
        in_cell("8075fffffffffff", point=name),
        distance_to(0, 0, point=name) < "5 km",
        ~in_segment(name),
    ]
    return [condition.rule for condition in conditions]


def knowing(name: str, language: Language = Language.EN) -> Catalog:
    return Catalog(
        events={name: {name: {ValueType.TEXT: "text"}}},
        traits={
            name: ValueType.TEXT,
            f"{name}.latitude": ValueType.NUMBER,
            f"{name}.longitude": ValueType.NUMBER,
        },
        segments={name: print_rule(trait(name).exists().rule, language)},
        periods={name: (date(2026, 1, 1), date(2026, 1, 31))},
        language=language,
    )


CONNECTION = open_duckdb(threads=1)


class Recorder(DuckStore):
    """A store that keeps the text of every statement."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(connection)
        self.connection = connection
        self.texts: list[str] = []

    def run(self, text: str, values: Sequence[object]) -> None:
        self.texts.append(text)
        super().run(text, values)

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        self.texts.append(text)
        return super().fetch(text, values)


@hostile
@pytest.mark.parametrize("language", Language)
def test_no_name_or_text_reaches_a_statement(name: str, language: Language) -> None:
    catalog = knowing(name, language)
    rules = {
        f"{name} {number}": read_rule(print_rule(rule, language), catalog)
        for number, rule in enumerate(speaking_of(name))
    }
    recorder = Recorder(CONNECTION)
    create_relations(CONNECTION, World((), {}, catalog, {}, 0))
    engine = SqlEngine(recorder, catalog)
    found = {rule: members.to_pylist() for rule, members in engine.evaluate(rules, 0).members.items()}
    assert found == Reference((), catalog, 0).evaluate(rules) == {rule: [] for rule in rules}
    pieces = [piece for piece in re.split(r"[\s;,.]+", name) if len(piece) > 4 and piece not in {"TABLE", "SELECT"}]
    assert len(recorder.texts) > 5
    for text in recorder.texts:
        assert not [piece for piece in (name, *pieces) if piece in text]
        assert text.isprintable()


@hostile
def test_every_face_keeps_a_name_as_it_is(name: str) -> None:
    for rule in speaking_of(name):
        assert rule_of(document_of(rule)) == rule
        assert resolve_rule(rule, knowing(name)) == rule
        for language in Language:
            assert read_rule(print_rule(rule, language), knowing(name, language)) == rule


@hostile
@pytest.mark.parametrize(
    "speak",
    [
        lambda name: trait(name).exists(),
        did,
        lambda name: sum_of("order", name) > 3,
        lambda name: count("order", where=event_property(name) == 1) > 3,
        lambda name: did("order", during=in_period(name)),
        in_segment,
        lambda name: distance_to(0, 0, point=name) < "5 km",
        lambda name: anniversary(trait(name), in_next="7 days"),
        lambda name: did("order").then(name),
    ],
)
def test_an_unknown_name_is_refused_in_words_that_are_safe_to_show(name: str, speak: Callable[[str], Any]) -> None:
    catalog = Catalog(events={"order": {"total": {ValueType.NUMBER: "total"}}}, traits={"clv": ValueType.NUMBER})
    with pytest.raises(RuleError) as built:
        resolve_rule(speak(name).rule, catalog)
    with pytest.raises(RuleError) as written:
        read_rule(str(speak(name)), catalog)
    for caught in (built, written):
        message = str(caught.value)
        assert len(message) < 700
        assert all(line.isprintable() for line in message.splitlines())


@pytest.mark.parametrize("build", [Trait, Did, InSegment, InPeriod, Text, Property, Step])
def test_half_a_character_is_no_name_and_no_text(build: Callable[[str], object]) -> None:
    with pytest.raises(DefinitionError, match="half a character"):
        build("ok\udfff")


@pytest.mark.parametrize(
    "sentence",
    [
        "did order in last -1 days",
        "did order in last 0 seconds",
        "did order then order within 0 days",
        "did order then order within -1 days",
        "did order then order all within 0 days",
        "count of order in last 1e3 days > 3",
        "anniversary of signed_up in next 0 days",
        "anniversary of signed_up in next -7 days",
        "did order between 2026-02-02 and 2026-02-01",
        "did order between 2026-02-02T00:00:01 and 2026-02-02T00:00:00",
        "did order in last 99999999999999999999 days",
    ],
)
def test_a_window_of_no_or_negative_length_is_refused_when_it_is_read(sentence: str) -> None:
    catalog = Catalog(events={"order": {}}, traits={"signed_up": ValueType.MOMENT})
    with pytest.raises(RuleError):
        read_rule(sentence, catalog)


def test_a_window_of_no_or_negative_length_cannot_be_built() -> None:
    for length in (0, -1, -(10**30), 10**30):
        with pytest.raises(DefinitionError):
            Last(length, "day")
        with pytest.raises(DefinitionError):
            Duration(length, "hour")
        with pytest.raises((DefinitionError, UsageError)):
            count("order", last=f"{length} days")
