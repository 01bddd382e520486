"""The page of tables and the schemas say the same: every table and column, with its type, and none besides."""

import re

import pyarrow as pa
import pytest

from kohort.project import Project
from kohort.storage.schemas import MICRO_COLUMNS, MOMENT_COLUMNS, SCHEMAS
from snippets import ROOT

PAGE = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
TYPES = {
    pa.bool_(): {"boolean"},
    pa.float64(): {"real"},
    pa.string(): {"text", "JSON"},
    pa.list_(pa.string()): {"list of text"},
    pa.list_(pa.int64()): {"list of integers"},
}
SECTION = re.compile(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
DOCUMENTED = {name: [row[:2] for row in ROW.findall(text)] for name, text in SECTION.findall(PAGE)}


def types_of(field: pa.Field) -> set[str]:
    """Return the words for a column's type, any of which the page may say."""
    if field.type != pa.int64():
        return TYPES[field.type]
    return {"moment" if field.name in MOMENT_COLUMNS else "number" if field.name in MICRO_COLUMNS else "integer"}


def test_the_page_lists_every_table() -> None:
    assert sorted(DOCUMENTED) == sorted(SCHEMAS)


@pytest.mark.parametrize("table", SCHEMAS)
def test_the_page_lists_every_column_with_its_type(table: str) -> None:
    assert [name for name, _ in DOCUMENTED[table]] == SCHEMAS[table].names
    wrong = [(name, said) for name, said in DOCUMENTED[table] if said not in types_of(SCHEMAS[table].field(name))]
    assert wrong == []


def test_moments_and_numbers_are_columns_of_tables() -> None:
    integers = {field.name for schema in SCHEMAS.values() for field in schema if field.type == pa.int64()}
    assert integers >= MOMENT_COLUMNS | MICRO_COLUMNS


def test_the_page_lists_what_sql_has_besides(shop: Project) -> None:
    documented: dict[str, list[str]] = {}
    relation = ""
    for named, column in re.findall(
        r"^\|(?: `(\w+)`)? \| `(\w+)` \| \w+ \| .+\|$", PAGE.partition("## With other")[0], re.MULTILINE
    ):
        relation = named or relation
        documented.setdefault(relation, []).append(column)
    relations = {row["name"] for row in shop.sql("SHOW TABLES").to_pylist()} - SCHEMAS.keys()
    assert documented == {name: shop.sql(f"SELECT * FROM {name}").column_names for name in relations}
