"""People in a project: one whatever the order of arrival, merged and split by hand, memberships as computed anew."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count, pairwise
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.clock import DAY
from kohort.definitions.fields import Fields
from kohort.definitions.identity import identity_definition_of
from kohort.errors import UnknownNameError, UsageError
from kohort.pipeline.adoption import adopted_settings
from kohort.pipeline.projecting.evidence import Evidence
from kohort.pipeline.projecting.identities import MANY, evidence_of, identity_changes
from kohort.pipeline.projecting.stretches import stretch_of
from kohort.profiles.graph import Edit
from kohort.profiles.identity import actor_id_of
from kohort.project import Project
from kohort.storage.amended import Amendment
from kohort.storage.indexed import Indexed
from kohort.storage.kinds import PEOPLE
from kohort.storage.messages import Choices, Message, Values
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables
from kohort.testing.suite.base import scaled
from small_shop import NOW, WriteLines, iso, order, tables_of

SETTINGS = """\
name: shop
time_zone: UTC
identity:
  unique: {email: {limit: 3}, phone: , crm: {external_id: salesforce}, device: {device: id}}
  limits: {anonymous_id: 3}
  blocked: {email: shop@example.org, any: [demo]}
"""
SEGMENTS = """\
segments:
  - {name: repeat, where: count of order_completed >= 2}
  - {name: quiet, where: not did order_completed in last 3 days}
  - {name: big, where: sum of order_completed.total > mean}
"""


@pytest.fixture
def people_shop(shop: Project) -> Project:
    """A shop with unique identifiers and three segments."""
    for folder in ("segments", "scores"):
        for path in (shop.folder.path / folder).iterdir():
            path.unlink()
    shop.folder.settings.write_text(SETTINGS, encoding="utf-8")
    (shop.folder.path / "segments" / "three.yaml").write_text(SEGMENTS)
    return shop


def known(number: int, user: str = "", visitor: str = "", days_ago: float = 1, **other: Any) -> dict[str, Any]:
    """Return an identify of a user, a visitor, or both."""
    ids = {name: value for name, value in (("userId", user), ("anonymousId", visitor)) if value}
    when = iso(NOW - int(days_ago * DAY))
    return {"type": "identify", "messageId": f"i{number}", "timestamp": when, "traits": {}} | ids | other


def people_of(project: Project) -> list[list[str]]:
    """Return who is one person, by the values of their own identifiers."""
    query = "SELECT person_id, list(DISTINCT value) AS its FROM identifiers JOIN actors USING (actor_id) {} GROUP BY 1"
    own = "WHERE kind IN ('user_id', 'anonymous_id') AND refused IS DISTINCT FROM 'blocked'"
    return sorted(sorted(row["its"]) for row in project.sql(query.format(own)).to_pylist())


@pytest.mark.parametrize(
    ("messages", "people"),
    [
        ([known(1, "u1", "a1"), known(2, "", "a1")], [["a1", "u1"]]),
        ([known(1, "u1"), known(2, "u2", type="alias", previousId="u1")], [["u1", "u2"]]),
        ([known(1, "u1", traits={"email": "Ada@X.org "}), known(2, "u2", traits={"email": "ada@x.org"})],
         [["u1", "u2"]]),
        ([known(1, "u1", traits={"phone": "+33 6 12 34 56 78"}), known(2, "u2", traits={"phone": "0033612345678"})],
         [["u1", "u2"]]),
        ([known(1, "u1", traits={"phone": 33612345678}), known(2, "u2", traits={"phone": "33612345678"})],
         [["u1", "u2"]]),
        ([known(1, "u1", context={"externalIds": [{"type": "salesforce", "id": "s1"}]}),
          known(2, "u2", context={"externalIds": [{"type": "salesforce", "id": "s1"}, {"type": "other", "id": "x"}]})],
         [["u1", "u2"]]),
        ([known(1, "u1", context={"device": {"id": "d1"}}), known(2, "u2", context={"device": {"id": "d1"}})],
         [["u1", "u2"]]),
        ([known(1, "u1", traits={"email": "shop@example.org"}), known(2, "u2", traits={"email": "shop@example.org"})],
         [["u1"], ["u2"]]),
        ([known(1, "u1", traits={"email": "none"}), known(2, "u2", traits={"email": "none"})], [["u1"], ["u2"]]),
        ([known(1, "null", "a1"), known(2, "NULL", "a2"), known(3, "Demo", "a3")], [["a1"], ["a2"], ["a3"]]),
        ([known(1, "u1", "undefined"), known(2, "u2", "undefined")], [["u1"], ["u2"]]),
        ([known(n, f"u{n}", "kiosk") for n in range(4)], [["kiosk"], ["u0"], ["u1"], ["u2"], ["u3"]]),
        ([known(1, "u1", "a1", type="group", groupId="g"), known(2, "u2", "a2", type="group", groupId="g")],
         [["a1", "u1"], ["a2", "u2"]]),
    ],
)  # fmt: skip
def test_who_is_one_person(
    people_shop: Project, write_lines: WriteLines, messages: list[dict[str, Any]], people: list[list[str]]
) -> None:
    people_shop.ingest(write_lines("m.jsonl", messages))
    assert people_of(people_shop) == people


def test_events_of_a_blocked_user_id_are_the_visitors(people_shop: Project, write_lines: WriteLines) -> None:
    people_shop.ingest(write_lines("m.jsonl", [order("null", 1) | {"anonymousId": "a1"}, order("null", 2)]))
    rows = people_shop.sql("SELECT value FROM events JOIN identifiers USING (actor_id) ORDER BY 1").to_pylist()
    assert sorted({row["value"] for row in rows}) == ["a1", "null"]
    list(people_shop.run(NOW))
    refused = [one for one in people_shop.findings() if one.check == "refused identifier (blocked)"]
    assert [(one.subject, one.count) for one in refused] == [("user_id", 2)]


class Held:
    """The tables in memory."""

    def __init__(self, settings: pa.Table, edits: pa.Table) -> None:
        self._held = {"settings": settings, "people_edits": edits}

    def read(self, name: str) -> pa.Table:
        return self._held.get(name, SCHEMAS[name].empty_table())

    def count(self, name: str) -> int:
        return len(self.read(name))

    def indexed(self, name: str) -> Indexed:
        noted = ("refused", ("kind", "value")) if name == "identifiers" else ()
        return Indexed(self.read(name), PEOPLE[name], *noted)

    def take(self, messages: Sequence[Message], many: int = MANY) -> None:
        said, evidence = stretch_of(messages, adopted_settings(self)[-1].identity), Evidence()  # type: ignore[arg-type]
        evidence.add(said)
        for name, changed in identity_changes(self, evidence, many=many).items():  # type: ignore[arg-type]  # it reads only
            whose = changed.whose
            amended = whose is not None and Amendment(whose, changed.rows).over(self.read(name), "actor_id")
            self._held[name] = amended or changed.rows
        self._held["consent_choices"] = pa.concat_tables([self.read("consent_choices"), said.choice_rows()])

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        names = ("identifiers", "links", "actors", "merges", "consent_choices")
        return {name: sorted(self.read(name).to_pylist(), key=repr) for name in names}


IDS = st.sampled_from(("", "1", "2", "3", "4", "5", "null"))
SAID = st.tuples(
    st.integers(0, 4),
    IDS,
    IDS,
    IDS,
    st.sampled_from(("", "a@x", "b@x", "c@x", "shop@example.org")),
    st.sampled_from((None, True, False)),
)


@settings(max_examples=scaled(60))
@given(st.lists(SAID, min_size=1, max_size=12), st.booleans(), st.data())
def test_the_tables_of_people_do_not_depend_on_the_order_of_arrival_nor_on_batches(
    drawn: list[tuple[int, str, str, str, str, bool | None]], by_hand: bool, data: st.DataObject
) -> None:
    document = {
        "unique": {"email": {"limit": 2}},
        "limits": {"anonymous_id": 1},
        "blocked": {"email": "shop@example.org"},
    }
    identity = msgspec.json.encode(identity_definition_of(Fields(document, "kohort.yaml"))).decode()
    row = {"seq": 1, "recorded_at": 0, "identity": identity, "purposes": "{}"}
    adopted = pa.Table.from_pylist([row], schema=SCHEMAS["settings"])
    messages = [
        Message(
            f"m{number}", "identify" if number % 2 else "alias", ts, ts, "web",
            user_id=user, anonymous_id=visitor or ("" if user else "6"), previous_id="" if number % 2 else previous,
            values=Values(texts={"email": email}),
            choices=None if granted is None else Choices("pixel", *((["ads"], []) if granted else ([], ["ads"]))),
        )
        for number, (ts, user, visitor, previous, email, granted) in enumerate(drawn)
    ]  # fmt: skip
    one, other, third = (actor_id_of("user_id", user) for user in "123")
    edits = [Edit(2, 2, "merge", (one, other)), Edit(3, 3, "split", (one,), (third,))] if by_hand else []
    edited = pa.Table.from_pylist([asdict(edit) for edit in edits], schema=SCHEMAS["people_edits"])
    at_once = Held(adopted, edited)
    # Whoever is merged or split by hand is known.
    known = [Message(f"known {user}", "identify", 3, 3, "web", user_id=user) for user in "123"]
    at_once.take([*known, *messages])
    shuffled = data.draw(st.permutations(messages))
    cuts = sorted({0, len(messages), *data.draw(st.lists(st.integers(0, len(messages)), max_size=3))})
    in_parts = Held(adopted, edited)
    in_parts.take(known)
    many = data.draw(st.sampled_from((0, MANY)))
    for low, high in pairwise(cuts):
        in_parts.take(shuffled[low:high], many)
    assert in_parts.rows() == at_once.rows()
    # Nor on who was thought to be concerned, or whether that was asked.
    whole = evidence_of(in_parts)  # type: ignore[arg-type]  # it reads only
    persons = whole.persons()
    held = {row["actor_id"]: (row["person_id"], row["first_seen"]) for row in in_parts.rows()["actors"]}
    assert held == {actor: (person, whole.first_seen[actor]) for actor, person in persons.person_of.items()}
    merges = [tuple(row.values()) for row in in_parts.rows()["merges"]]
    assert sorted(merges) == sorted(map(tuple, persons.merges))
    refused = {(row["kind"], row["value"]): row["refused"] for row in in_parts.rows()["identifiers"] if row["refused"]}
    assert refused == whole.refused


def orders() -> list[dict[str, Any]]:
    """Return orders of two customers who are one, and of a third."""
    numbers = count()
    times = [("ada", 9), ("crm-1", 7), ("ada", 2), ("crm-1", 1), ("eve", 8), ("eve", 3)]
    return [order(who, next(numbers), days_ago=days, total=10 + days) for who, days in times]


def known_members(project: Project, at: int | None = None) -> dict[str, list[tuple[object, object]]]:
    """Return everybody in each segment, by user id, with the moment since when: of the last run, or by the rules."""
    return {
        name: sorted((row["user_id"], row["entered_at"]) for row in project.members(name, at).to_pylist())
        for name in ("repeat", "quiet", "big")
    }


@pytest.fixture
def anew(tmp_path: Any, write_lines: WriteLines) -> Callable[..., dict[str, list[tuple[object, object]]]]:
    """Return what memberships would be in a project that learnt everything at once, in another order."""

    def members(*messages: dict[str, Any]) -> dict[str, list[tuple[object, object]]]:
        project = Project.create(tmp_path / "anew")
        for folder in ("segments", "scores"):
            for path in (project.folder.path / folder).iterdir():
                path.unlink()
        project.folder.settings.write_text(SETTINGS, encoding="utf-8")
        (project.folder.path / "segments" / "three.yaml").write_text(SEGMENTS)
        project.ingest(write_lines("anew.jsonl", [*reversed(orders()), *messages]))
        list(project.run(NOW))
        return known_members(project)

    return members


def test_memberships_after_a_merge_equal_those_computed_from_scratch(
    people_shop: Project, write_lines: WriteLines, anew: Callable[..., Any]
) -> None:
    people_shop.ingest(write_lines("m.jsonl", orders()))
    list(people_shop.run(NOW - 4 * DAY))
    joined = [known(n, user, days_ago=5, traits={"email": "ada@x.org"}) for n, user in enumerate(("ada", "crm-1"))]
    people_shop.ingest(write_lines("n.jsonl", joined))
    list(people_shop.run(NOW - 4 * DAY))
    list(people_shop.run(NOW))
    assert {who for who, _ in known_members(people_shop)["repeat"]} == {"ada", "eve"}
    fresh = anew(*joined)
    assert {name: [who for who, _ in its] for name, its in known_members(people_shop).items()} == {
        name: [who for who, _ in its] for name, its in fresh.items()
    }
    assert known_members(people_shop)["repeat"] == fresh["repeat"]
    log = people_shop.sql(
        "SELECT segment, cause, change FROM membership_log WHERE cause IN ('merged', 'history') ORDER BY seq"
    ).to_pylist()
    assert {"segment": "repeat", "cause": "history", "change": "entered"} in log


def test_a_merge_by_hand_is_taken_back_exactly(people_shop: Project, write_lines: WriteLines) -> None:
    people_shop.ingest(write_lines("m.jsonl", orders()))
    list(people_shop.run(NOW))
    people, members = people_of(people_shop), known_members(people_shop, NOW)
    merged = people_shop.merge_people("ada", "crm-1", reason="same card")
    list(people_shop.run(NOW))
    assert people_of(people_shop) == [["ada", "crm-1"], ["eve"]]
    assert people_shop.person("crm-1").person_id == merged
    assert [one.by for one in people_shop.person("ada").merges] == ["hand"]
    assert [who for who, _ in known_members(people_shop)["repeat"]] == ["ada", "eve"]
    with pytest.raises(UsageError, match="one person already"):
        people_shop.merge_people("crm-1", "ada")
    people_shop.split_people("ada", "crm-1")
    list(people_shop.run(NOW))
    assert (people_of(people_shop), known_members(people_shop, NOW)) == (people, members)
    stored = {name: [who for who, _ in its] for name, its in known_members(people_shop).items()}
    assert stored == {name: [who for who, _ in its] for name, its in members.items()}
    held = tables_of(people_shop)
    people_shop.rebuild()
    assert tables_of(people_shop) == held


def test_a_split_cuts_what_evidence_joined_stays_and_is_taken_back_by_a_merge(
    people_shop: Project, write_lines: WriteLines
) -> None:
    shared = [known(n, user, visitor, traits={"email": "home@x.org"}) for n, (user, visitor) in
              enumerate((("ada", "a-laptop"), ("bob", "b-phone")))]  # fmt: skip
    people_shop.ingest(write_lines("m.jsonl", shared))
    together = [["a-laptop", "ada", "b-phone", "bob"]]
    assert people_of(people_shop) == together
    people_shop.split_people("ada", "bob", reason="a family's address")
    apart = [["a-laptop", "ada"], ["b-phone", "bob"]]
    assert people_of(people_shop) == apart
    with pytest.raises(UsageError, match="two people already"):
        people_shop.split_people("ada", "bob")
    again = [known(7, "bob", "tablet"), known(8, "ada", "tablet"), known(9, "ada", "b-phone")]
    people_shop.ingest(write_lines("n.jsonl", again))
    assert people_of(people_shop) == [["a-laptop", "ada", "tablet"], ["b-phone", "bob"]]
    people_shop.merge_people("ada", "bob")
    assert people_of(people_shop) == [["a-laptop", "ada", "b-phone", "bob", "tablet"]]
    assert "hand" not in {one.by for one in people_shop.person("ada").merges}


def test_a_trait_told_in_two_types_is_shown_as_each_was_told(people_shop: Project, write_lines: WriteLines) -> None:
    told = [("ana", 35000), ("ben", "01510")]
    people_shop.ingest(
        write_lines(
            "codes.jsonl",
            [
                {"type": "identify", "messageId": who, "userId": who, "timestamp": iso(NOW), "traits": {"code": code}}
                for who, code in told
            ],
        )
    )
    shown = [[one.value for one in people_shop.traits(who) if one.name == "code"] for who, _ in told]
    assert shown == [[35000], ["01510"]]


def test_people_who_are_not_known_are_refused(people_shop: Project, write_lines: WriteLines) -> None:
    people_shop.ingest(write_lines("m.jsonl", orders()))
    with pytest.raises(UnknownNameError, match='unknown person "nobody"'):
        people_shop.merge_people("ada", "nobody")
    with pytest.raises(UsageError, match="one identifier"):
        people_shop.split_people("ada", "ada")


def test_what_is_declared_unique_later_joins_what_is_known_already(
    people_shop: Project, write_lines: WriteLines
) -> None:
    people_shop.folder.settings.write_text("name: shop\ntime_zone: UTC\n", encoding="utf-8")
    told = [known(n, user, traits={"email": "ada@x.org"}) for n, user in enumerate(("ada", "crm-1"))]
    people_shop.ingest(write_lines("m.jsonl", [*orders(), *told]))
    assert people_of(people_shop) == [["ada"], ["crm-1"], ["eve"]]
    people_shop.folder.settings.write_text(SETTINGS, encoding="utf-8")
    list(people_shop.run(NOW))
    assert people_of(people_shop) == [["ada", "crm-1"], ["eve"]]
    held = tables_of(people_shop)
    people_shop.rebuild()
    assert tables_of(people_shop) == held


@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_an_interruption_between_the_tables_of_people_is_continued(
    people_shop: Project, write_lines: WriteLines, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    people_shop.ingest(write_lines("m.jsonl", [known(1, "u1"), known(2, "", "a1"), known(3, "u2")]))
    real, numbers = Tables._commit, count(1)

    def failing(self: Tables, *args: object, **options: object) -> None:
        if next(numbers) == write:
            raise InterruptedError
        real(self, *args, **options)  # type: ignore[arg-type]  # as it came

    joined = write_lines("n.jsonl", [known(4, "u1", "a1")])
    with monkeypatch.context() as patched:
        patched.setattr(Tables, "_commit", failing)
        with pytest.raises(InterruptedError):
            people_shop.ingest(joined)
    people_shop.ingest(write_lines("o.jsonl", [known(5, "u2")]))
    assert people_of(people_shop) == [["a1", "u1"], ["u2"]]
    held = tables_of(people_shop)
    people_shop.rebuild()
    assert tables_of(people_shop) == held
