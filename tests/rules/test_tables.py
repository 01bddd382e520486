"""The parser's tables are those of the grammar as it stands; one that is not is made anew, and the log says so."""

import json
import logging

import lark
import pytest

from kohort.rules.languages import Language
from kohort.rules.nodes import Did
from kohort.rules.tables import make_table, parser_of, table_path

REMEDY = "the tables are out of date: run `make generate`"


@pytest.mark.parametrize("language", Language)
def test_the_tables_are_those_of_the_grammar(language: Language) -> None:
    kept = json.loads(table_path(language).read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(make_table(language))), REMEDY


def test_the_kept_tables_are_used_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        parser_of.__wrapped__(Language.EN)
    assert not caplog.records


def test_another_version_of_lark_has_its_own_tables_made(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lark, "__version__", "1.99.0")
    parser = parser_of.__wrapped__(Language.FR)
    assert parser.parse("a fait visite") == Did("visite")
    assert [record.getMessage() for record in caplog.records] == [
        "the rule grammar's table for 'fr' is out of date: making it anew for this process"
    ]
