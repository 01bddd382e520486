"""Relations that follow the tables show at every moment what relations that are opened anew then show."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from kohort.definitions.values import ValueType
from kohort.rules.catalog import Catalog
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables
from kohort.storage.views import Relations, open_views

RELATIONS = ("people", "events", "trait_values")
PERSON = st.sampled_from("abc")
CATALOGS = st.sampled_from(
    [
        Catalog(),
        Catalog(purposes={"ads": ("ads",)}),
        Catalog(purposes={"ads": ("ads", "Ads"), "mail": ("mail",)}, events={"e": {"total": {ValueType.NUMBER: "p0"}}}),
    ]
)
STEPS = st.one_of(
    st.tuples(st.just("actors"), st.fixed_dictionaries({"actor_id": PERSON, "person_id": PERSON})),
    st.tuples(st.just("events"), st.fixed_dictionaries({"actor_id": PERSON, "name": st.sampled_from("ef")})),
    st.tuples(st.just("trait_values"), st.fixed_dictionaries({"actor_id": PERSON, "text": st.sampled_from("xyz")})),
    st.tuples(
        st.just("consent_choices"),
        st.fixed_dictionaries(
            {"actor_id": PERSON, "category": st.sampled_from(["ads", "Ads"]), "granted": st.booleans()}
        ),
    ),
    st.tuples(st.just("hold"), st.booleans()),
    st.tuples(st.just("write"), st.none()),
    st.tuples(st.just("ask"), CATALOGS),
)


NAMED = Catalog(purposes={"ads": ("ads",)}, events={"e": {"total": {ValueType.NUMBER: "p0"}}})
ASK = ("ask", NAMED)
ADA, BOB = {"actor_id": "a", "person_id": "a"}, {"actor_id": "a", "person_id": "b"}
CHOICE = {"actor_id": "a", "category": "ads", "granted": True}


@given(steps=st.lists(STEPS, max_size=6), last=CATALOGS)
@example([("actors", ADA), ASK, ("actors", BOB)], NAMED)
@example([("actors", ADA), ASK, ("hold", True), ("actors", BOB), ("write", None)], NAMED)
@example([("actors", ADA), ("hold", True), ("actors", BOB), ASK, ("actors", ADA)], NAMED)
@example([("actors", ADA), ("consent_choices", CHOICE), ("ask", Catalog())], NAMED)
@example([("actors", ADA), ("events", {"actor_id": "a", "name": "e"}), ("ask", Catalog())], NAMED)
def test_relations_that_follow_show_what_is_there(steps: list[tuple[str, Any]], last: Catalog) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(Path(folder))
        relations = Relations(tables)
        for seq, (what, said) in enumerate([*steps, ("ask", last)], start=1):
            if what == "hold":
                tables.holding = said
            elif what == "write":
                tables.write_all()
            elif what == "ask":
                with open_views(tables, said) as anew:
                    assert shown(relations.of_now(said)) == shown(anew)
            elif what == "actors":
                tables.amend(what, pa.array([said["actor_id"]]), a_row(what, said, seq), watermark=seq)
            else:
                tables.append(what, a_row(what, said, seq), watermark=seq)


def a_row(table: str, said: Mapping[str, object], seq: int) -> pa.Table:
    """Return one row of a table: what is said, else its number, a text of it, or null."""
    values = {
        "name": "plan", "source": "web", "form": "record", "proof": "", "event_id": str(seq), "value_id": str(seq),
        "removed": False, "first_seen": seq, "ts": seq, "set_at": seq, "effective_at": seq, "recorded_at": seq,
        "received_at": seq, **said,
    }  # fmt: skip
    schema = SCHEMAS[table]
    return pa.table([pa.array([values.get(one.name)], one.type) for one in schema], schema=schema)


def shown(views: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    return {name: sorted(map(repr, views.sql(f"FROM {name}").to_arrow_table().to_pylist())) for name in RELATIONS}


def test_what_has_no_news_is_not_made_again(tmp_path: Path) -> None:
    """Else every step of a run would read all actors once more."""
    tables = Tables(tmp_path)
    tables.append("actors", a_row("actors", {"actor_id": "a", "person_id": "a"}, 1), watermark=1)
    relations, made = Relations(tables), "SELECT table_name, table_oid FROM duckdb_tables() ORDER BY ALL"
    before = relations.of_now(Catalog()).execute(made).fetchall()
    tables.append("trait_values", a_row("trait_values", {"actor_id": "a", "text": "x"}, 2), watermark=2)
    assert relations.of_now(Catalog()).execute(made).fetchall() == before
    tables.append("actors", a_row("actors", {"actor_id": "b", "person_id": "b"}, 3), watermark=3)
    assert relations.of_now(Catalog()).execute(made).fetchall() != before
