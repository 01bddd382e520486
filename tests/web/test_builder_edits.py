"""What buttons do to cards: nothing is lost, and places that are not there are refused."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kohort.collection.acceptance import RequestRefusedError
from kohort.definitions.values import ValueType
from kohort.rules.catalog import Catalog
from kohort.rules.languages import Language
from kohort.rules.nodes import Rule
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule
from kohort.testing.random_rules import rules
from kohort.testing.suite.base import scaled
from kohort.testing.worlds import CATALOG
from kohort.web.studio.builder.drafts import Card, Edit, Group, Step
from kohort.web.studio.builder.edits import edited
from kohort.web.studio.builder.reading import draft_of
from kohort.web.studio.builder.suiting import suited
from kohort.web.studio.builder.writing import under, written


def after(sentence: str, *edits: Edit) -> str:
    draft = draft_of(parse_rule(sentence))
    for one in edits:
        draft, _ = edited(draft, one)
    rule, problems = written(draft, Language.EN)
    assert rule is not None, problems
    return print_rule(rule)


@pytest.mark.parametrize(
    ("edits", "becomes"),
    [
        ([Edit("remove", "1")], "did a and did c"),
        ([Edit("shift", "2", by=-1)], "did a and did c and did b"),
        ([Edit("shift", "0", by=-1)], "did a and did b and did c"),
        ([Edit("move", "0", to="", by=3)], "did b and did c and did a"),
        ([Edit("move", "2", to="", by=0)], "did c and did a and did b"),
        ([Edit("wrap", "0"), Edit("move", "1", to="0", by=1)], "(did a or did b) and did c"),
        ([Edit("wrap", "0"), Edit("move", "1", to="0", by=1), Edit("unwrap", "0")], "did a and did b and did c"),
    ],
)
def test_conditions_are_removed_moved_and_grouped(edits: list[Edit], becomes: str) -> None:
    assert after("did a and did b and did c", *edits) == becomes


def test_steps_are_moved_and_removed() -> None:
    assert after("did a then b then c", Edit("shift", "0.steps.2", by=-1)) == "did a then c then b"
    assert after("did a then b then c", Edit("remove", "0.steps.1")) == "did a then c"


def test_what_is_added_is_where_to_look_next() -> None:
    draft, path = edited(Group(), Edit("add", "", kind="trait"))
    assert (draft, path) == (Group(cards=(Card("trait"),)), "0")
    draft, path = edited(draft, Edit("group", "", kind="did"))
    assert (draft.cards[1], path) == (Group("any", cards=(Card("did"),)), "1")
    draft, path = edited(draft, Edit("where", "1.0"))
    assert path == "1.0.where.0"
    draft, path = edited(draft, Edit("add", "1.0.where", kind="property"))
    assert path == "1.0.where.1"
    sequence, path = edited(Group(cards=(Card("sequence", steps=(Step(), Step())),)), Edit("step", "0"))
    assert (path, isinstance(sequence.cards[0], Card) and len(sequence.cards[0].steps)) == ("0.steps.2", 3)


def test_a_card_of_another_kind_keeps_what_both_can_say() -> None:
    sentence = "count of order where total > 5 in last 7 days >= 3"
    assert after(sentence, Edit("kind", "0", kind="did")) == "did order where total > 5 in last 7 days"
    draft, _ = edited(draft_of(parse_rule(sentence)), Edit("kind", "0", kind="sequence"))
    assert isinstance(draft.cards[0], Card)
    assert draft.cards[0].steps[0].fields == {"event": "order"}
    draft, _ = edited(draft_of(parse_rule(sentence)), Edit("kind", "0", kind="segment"))
    assert draft == Group(cards=(Card("segment"),))


@settings(max_examples=scaled(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules(CATALOG), st.data())
def test_a_move_loses_nothing(rule: Rule, data: st.DataObject) -> None:
    draft = draft_of(rule)
    places = list(_paths(draft, ""))
    path = data.draw(st.sampled_from([path for path, _ in places if path]))
    groups = [path for path, one in places if isinstance(one, Group)]
    to = data.draw(st.sampled_from(groups))
    assume(to != path and not to.startswith(f"{path}."))
    moved, _ = edited(draft, Edit("move", path, to=to, by=data.draw(st.integers(0, 5))))
    assert sorted(map(repr, _leaves(moved))) == sorted(map(repr, _leaves(draft)))


def _paths(group: Group, path: str) -> list[tuple[str, Card | Group]]:
    found: list[tuple[str, Card | Group]] = [(path, group)]
    for number, one in enumerate(group.cards):
        its = under(path, number)
        found += _paths(one, its) if isinstance(one, Group) else [(its, one)]
    return found


def _leaves(group: Group) -> list[Card]:
    return [leaf for one in group.cards for leaf in (_leaves(one) if isinstance(one, Group) else [one])]


@pytest.mark.parametrize(
    "edit",
    [
        Edit("remove", "7"),
        Edit("remove", "x"),
        Edit("remove", "0.where.0"),
        Edit("remove", "-1"),
        Edit("add", "0"),
        Edit("move", "0", to="0"),
        Edit("wrap", "0.steps.0"),
        Edit("step", ""),
        Edit("shift", "0.0.0"),
        Edit("shift", "9"),
    ],
)
def test_a_place_that_is_not_there_is_refused(edit: Edit) -> None:
    with pytest.raises(RequestRefusedError):
        edited(draft_of(parse_rule("did a then b")), edit)


def test_a_card_asks_what_its_value_can_answer() -> None:
    catalog = Catalog(
        events={"order": {"shop": {ValueType.TEXT: "s"}, "total": {ValueType.NUMBER: "n"}}},
        traits={
            "country": ValueType.TEXT,
            "clv": ValueType.NUMBER,
            "born": ValueType.MOMENT,
            "tags": ValueType.TEXT_LIST,
        },
    )
    asked = {}
    for name in catalog.traits:
        (card,) = suited(Group(cards=(Card("trait", {"trait": name, "test": "includes"}),)), catalog).cards
        asked[name] = card.fields if isinstance(card, Card) else {}
    assert {name: (fields["test"], fields.get("as")) for name, fields in asked.items()} == {
        "country": ("=", "text"),
        "clv": (">=", "number"),
        "born": (">=", "moment"),
        "tags": ("includes", None),
    }
    inner = Card("did", {"event": "order"}, where=Group(cards=(Card("property", {"property": "shop"}),)))
    (card,) = suited(Group(cards=(inner,)), catalog).cards
    assert isinstance(card, Card)
    assert card.where == Group(cards=(Card("property", {"property": "shop", "test": "=", "as": "text"}),))


@settings(max_examples=scaled(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules(CATALOG))
def test_what_was_chosen_stays(rule: Rule) -> None:
    assert written(suited(draft_of(rule), CATALOG), Language.EN) == (rule, [])
