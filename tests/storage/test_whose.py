"""Whose an actor is by the indexes of files is whose it is by the rows of the table, however those were written."""

from collections.abc import Mapping

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.storage import whose
from kohort.storage.lookups import Standing
from kohort.storage.row_index import INDEXES
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables
from kohort.storage.whose import actors_of, people_of

ACTORS = [f"{number:020x}" for number in range(6)] + ["short", "é" * 40, "x" * 80 + "1", "x" * 80 + "2"]
SOMEBODY = st.sampled_from(ACTORS)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "hold", "hold", "write all", "fold"]),
        st.dictionaries(SOMEBODY, st.one_of(SOMEBODY, st.none()), min_size=1, max_size=4),
    ),
    max_size=8,
)


def rows(people: Mapping[str, str | None]) -> pa.Table:
    """Return the rows of actors: of those who have a person."""
    its = [{"actor_id": actor, "person_id": one, "first_seen": 1} for actor, one in people.items() if one]
    return pa.Table.from_pylist(its, schema=SCHEMAS["actors"])


def check(tables: Tables) -> None:
    """Compare with the rows of the whole table."""
    held = dict(zip(*(tables.read("actors").column(one).to_pylist() for one in ("actor_id", "person_id")), strict=True))
    standing = Standing(tables, "actors")
    assert people_of(standing, ACTORS) == held
    for person in ACTORS:
        assert actors_of(standing, person) == sorted(actor for actor, one in held.items() if one == person)
    assert people_of(standing, ["nobody", ""]) == {}
    assert actors_of(standing, "nobody") == []
    assert actors_of(standing, "") == []


@pytest.mark.parametrize("large", [0, 2**21])
@settings(max_examples=8)
@given(changes=CHANGES)
def test_whose_an_actor_is_is_what_the_rows_say(
    large: int, changes: list[tuple[str, dict[str, str | None]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tables = Tables(tmp_path_factory.mktemp("whose") / "tables")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(whose, "_LARGE", large)
        check(tables)
        for seq, (doing, people) in enumerate(changes, start=1):
            if doing == "write all":
                tables.write_all()
            elif doing == "fold":
                tables.fold()
            else:
                tables.holding = doing == "hold"
                tables.amend("actors", pa.array(list(people)), rows(people), watermark=seq)
                check(tables)
            check(Tables(tables.folder))


def test_indexes_of_files_that_are_gone_go(tmp_path_factory: pytest.TempPathFactory) -> None:
    tables = Tables(tmp_path_factory.mktemp("gone") / "tables")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(whose, "_LARGE", 0)
        for seq in range(1, 5):
            # Each is written whole, as an actor is known already.
            tables.amend("actors", pa.array(["a"]), rows({"a": f"p{seq}"}), watermark=seq)
            assert people_of(Standing(tables, "actors"), ["a"]) == {"a": f"p{seq}"}
        assert len(list((tables.folder.with_name("mapped") / INDEXES / "actors").iterdir())) == 1


@pytest.mark.parametrize("large", [0, 2**21])
def test_what_amends_a_table_later_counts_before_what_came_earlier(
    large: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tables = Tables(tmp_path_factory.mktemp("later") / "tables")
    many: dict[str, str | None] = {f"{number:020x}": f"{number:020x}" for number in range(10, 4_000)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(whose, "_LARGE", large)
        tables.amend("actors", pa.array(list(many)), rows(many), watermark=1)
        tables.holding = True
        others: dict[str, str | None] = dict.fromkeys(list(many)[:40], "of all")
        later: dict[str, str | None] = {list(many)[3]: "of one", list(many)[4]: None, list(many)[60]: "of one"}
        for seq, people in ((2, others), (3, later)):
            tables.amend("actors", pa.array(list(people)), rows(people), watermark=seq)
            tables.write_all()
        read = Tables(tables.folder)
        assert len(read.amended("actors")) == 2
        standing = Standing(read, "actors")
        expected = {one: person for one, person in (many | others | later).items() if person}
        assert people_of(standing, list(many)[:80]) == {
            one: expected[one] for one in list(many)[:80] if one in expected
        }
        for person in ("of all", "of one", list(many)[60], list(many)[5], list(many)[61]):
            assert actors_of(standing, person) == sorted(one for one, its in expected.items() if its == person)
