"""Many messages read at once say what they say one by one, hostile ones too; whoever reads them."""

from typing import Any

import message_by_message as obvious
import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY
from kohort.definitions.fields import Fields
from kohort.definitions.identity import IdentityDefinition, identity_definition_of
from kohort.pipeline.columns import Names
from kohort.pipeline.projecting.deduplication import sort_out
from kohort.pipeline.projecting.evidence import Evidence
from kohort.pipeline.projecting.reading import Said, Terms, messages_at
from kohort.pipeline.projecting.stretches import Stretch, stretch_of
from kohort.pipeline.projecting.wire import said_of, told
from kohort.storage.frames import Record
from kohort.storage.messages import Choices, Message, Values, encode_messages
from kohort.storage.received import PlanAdopted
from kohort.storage.schemas import SCHEMAS
from kohort.storage.seen import SeenMessages
from small_shop import NOW

UNIQUE = {"unique": {"email": {"limit": 2}, "crm": {"external_id": "crm"}}, "blocked": {"email": "shop@example.org"}}
DEFINITIONS = [IdentityDefinition(), identity_definition_of(Fields(UNIQUE, "kohort.yaml"))]
WORDS = st.sampled_from(["a", "b", "total", "Total", "é", "name", "ts", "person_id", "0", "1", "p_1", "x.y", '"; DROP'])
IDS = st.sampled_from(["", "u1", "u2", "null", "NULL", "visitor", "é"])
VALUES = st.builds(
    Values,
    st.dictionaries(WORDS, st.integers(-(2**63) + 1, 2**63 - 1), max_size=3),
    st.dictionaries(WORDS | st.just("email"), st.sampled_from(["", "x", "a@x.org", "shop@example.org"]), max_size=3),
    st.dictionaries(WORDS, st.booleans(), max_size=2),
    st.dictionaries(WORDS, st.integers(-NOW, NOW), max_size=2),
    st.dictionaries(WORDS, st.lists(st.sampled_from(["", "x"]), max_size=2), max_size=2),
    st.dictionaries(WORDS, st.just("[{}]"), max_size=1),
    st.lists(WORDS, max_size=2, unique=True),
)
CHOICES = st.builds(Choices, st.just("pixel"), *(st.lists(st.sampled_from(["ads", "mail"]), max_size=2),) * 2)


@st.composite
def messages(draw: st.DrawFn) -> list[Message]:
    """Messages of every type, with few ids and times, so that many repeat and contradict each other."""
    found = []
    for number in range(draw(st.integers(0, 12))):
        kind: Any = draw(st.sampled_from(["track", "page", "screen", "identify", "alias", "group", "consent"]))
        named = kind in {"track", "page", "screen"}
        user, visitor = draw(st.tuples(IDS, IDS).filter(any))
        found.append(
            Message(
                draw(st.sampled_from(["1", "2", "3", f"m{number}", f"m{number}"])),
                kind,
                draw(st.integers(0, 4)),
                number,
                draw(st.sampled_from(["web", "app"])),
                draw(WORDS) if named else "",
                user,
                visitor,
                draw(IDS) if kind == "alias" else "",
                draw(VALUES) if kind != "consent" else Values(),
                draw(st.dictionaries(st.just("crm"), st.sampled_from(["7", "8"]), max_size=1)),
                draw(st.none() | CHOICES),
                draw(st.sampled_from([None, None, 0, 3])),
                draw(st.lists(WORDS, max_size=1)),
            )
        )
    # As whoever sends again does: the same once more, received later.
    return [*found, *(msgspec.structs.replace(one, received_at=DAY) for one in found if draw(st.booleans()))]


def rows_of(table: pa.Table) -> list[str]:
    """Return rows in an order of their own; a column without any value says as much as none."""
    empty = [name for name in table.column_names if table.column(name).null_count == table.num_rows]
    return sorted(repr(sorted(row.items())) for row in table.drop_columns(empty).to_pylist())


@given(messages(), messages(), st.sampled_from(DEFINITIONS))
def test_messages_read_at_once_say_what_they_say_one_by_one(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[Message],
    given_now: list[Message],
    definition: IdentityDefinition,
) -> None:
    seen, known = SeenMessages(tmp_path_factory.mktemp("seen")), dict[tuple[str, str], int]()
    names, their_names = Names(), Names()
    for some in (before, given_now):
        stretch = stretch_of(some, definition)
        assert stretch.digests.tolist() == [one.digest() for one in some]
        found, expected = sort_out(seen, stretch.keys, stretch.digests), obvious.sort_out(known, some)
        fresh = stretch.only(found.fresh)
        assert [some[place] for place in found.fresh] == expected.fresh
        assert [some[place] for place in found.conflicts] == expected.conflicts
        assert found.known == expected.known
        seen.stage(fresh.keys, fresh.digests)
        fresh.show(names)
        said = [obvious.attributed(one, definition) for one in expected.fresh]
        tables = (obvious.event_rows(said, their_names), obvious.identify_rows(said, their_names))
        assert set(names.all()) == set(their_names.all())
        assert (names.columns, names.events) == (their_names.columns, their_names.events)
        assert [rows_of(fresh.event_rows(names)), rows_of(fresh.trait_rows())] == [*map(rows_of, tables)]
        choices = obvious.choice_rows(expected.fresh, definition)
        assert rows_of(fresh.choice_rows()) == rows_of(pa.Table.from_pylist(choices, schema=SCHEMAS["consent_choices"]))
        assert_evidence(fresh, expected.fresh, definition)


def assert_evidence(fresh: Stretch, said: list[Message], definition: IdentityDefinition) -> None:
    if not said:
        return
    evidence = Evidence()
    evidence.add(fresh)
    sightings, links = evidence.sightings(), evidence.links().sort_by([(n, "ascending") for n in ("ts", "event_id")])
    spans = {tuple(one[:3]): one[3:] for one in (list(row.values()) for row in sightings.to_pylist())}
    assert spans == obvious.sightings_of(said, definition)
    earliest: dict[tuple[str, str], tuple[int, str]] = {}
    for one in links.to_pylist():
        earliest.setdefault((one["actor_id"], one["linked_actor_id"]), (one["ts"], one["event_id"]))
    assert earliest == obvious.links_of(said, definition)


@given(messages(), messages(), st.sampled_from(DEFINITIONS))
def test_another_process_tells_what_it_read(
    one: list[Message], other: list[Message], definition: IdentityDefinition
) -> None:
    stretch = stretch_of([*one, *other], definition)
    said = Said(stretch, [len(one), len(other)], [], [])
    again = said_of(told(said))
    assert (again.sizes, again.letters, again.remarks) == (said.sizes, said.letters, said.remarks)
    for name in Stretch.__dataclass_fields__:
        here, there = getattr(stretch, name), getattr(again.stretch, name)
        assert np.array_equal(here, there) if isinstance(here, np.ndarray) else here == there, name
    records = [Record(seq, 0, "messages", encode_messages(some)) for seq, some in ((1, one), (2, other))]
    places, terms = [*range(len(stretch))][::-1], Terms(PlanAdopted("{}", "UTC"), definition)
    assert messages_at(places, records, terms, again) == [*one, *other][::-1]


def test_every_field_of_a_message_has_been_thought_of() -> None:
    """A new field may tell who is who: then it belongs to what tells the people apart whom messages name."""
    known = {"event_id", "type", "ts", "said_at", "shared", "choices", "received_at", "source", "name", "values"}
    assert set(Message.__struct_fields__) == known | {"user_id", "anonymous_id", "previous_id", "normalised"}
