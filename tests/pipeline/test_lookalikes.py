"""Look-alikes declared in a project: learnt from a seed, judged by hidden members, and never with the seed."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kohort.clock import DAY
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.score import score_definitions_of
from kohort.errors import DefinitionError, UnknownNameError
from kohort.learning.features.table import FeatureTable
from kohort.pipeline.learning.lookalikes.examples import seed_examples
from kohort.pipeline.learning.lookalikes.scoring import find_lookalikes
from kohort.pipeline.learning.registry.entries import State
from kohort.pipeline.learning.seeds import seed_rules
from kohort.pipeline.segments.people import user_ids_of
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from lookalike_shop import SEGMENTS, keen_people, lookalike_shop, told
from small_shop import NOW, lines_in


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = lookalike_shop(tmp_path_factory.mktemp("lookalikes"))
    list(project.run(NOW))
    return project


@pytest.fixture
def own(shop: Project, tmp_path: Path) -> Project:
    """Return a copy of the shop that a test may change."""
    shutil.copytree(shop.folder.path, tmp_path / "own")
    return Project(tmp_path / "own", clock=shop.clock)


def _declared(workspace: Workspace) -> LookalikeDefinition:
    return next(one for one in workspace.scores if isinstance(one, LookalikeDefinition))


def _names(project: Project, rule: str, at: int = NOW) -> set[str]:
    people = list(project.preview(rule, at, sample=1_000).sample)
    return set(user_ids_of(project._workspace(), people).values())


def test_hidden_members_are_found_and_the_truth_lies_within_what_is_told(shop: Project) -> None:
    found = shop.lookalikes("like_club")
    assert found is not None
    tenth = found.quality.first[1]
    assert tenth.share == 0.1
    assert tenth.recall.estimate >= 0.3  # T49: three times as many as by lot
    assert tenth.lift.low > 1
    club, outside = _names(shop, "club = true"), _names(shop, "not club = true")
    keen = {f"p{place}" for place in np.flatnonzero(keen_people()).tolist()}
    assert club < keen
    assert (found.members, found.outside) == (len(club), len(outside))
    hidden = len(keen - club) / len(outside)
    assert hidden < found.quality.hidden.high < 2.5 * hidden
    assert found.quality.labelled.low < len(club) / len(keen) < found.quality.labelled.high
    chosen = _names(shop, 'in segment "club_alike"')
    assert len(chosen) == found.chosen == pytest.approx(0.2 * len(outside), rel=0.2)
    precision = len(chosen & keen) / len(chosen)
    assert precision > 3 * hidden
    assert precision < found.quality.first[2].alike.high


def test_no_member_of_the_seed_is_told_a_likeness(shop: Project) -> None:
    assert shop.preview("like_club exists and club = true").size == 0
    assert shop.preview("like_club exists").size == shop.preview("not club = true").size
    assert shop.preview('in segment "club_alike" and in segment "club"').size == 0
    assert shop.preview("like_club_chosen exists and not like_club exists").size == 0


def test_who_joins_the_seed_after_the_run_leaves_the_lookalikes_at_once(own: Project, tmp_path: Path) -> None:
    joins = min(_names(own, 'in segment "club_alike"'))
    own.ingest(lines_in(tmp_path)("joins.jsonl", [told(joins, "late", -1, club=True)]))
    later = NOW + 2 * DAY
    assert joins in _names(own, "like_club_chosen = true", later)
    assert joins in _names(own, 'in segment "club"', later)
    assert joins not in _names(own, 'in segment "club_alike"', later)
    list(own.run(later))
    assert joins not in _names(own, "like_club exists", later)


def test_a_segment_that_forgets_the_seed_is_refused(own: Project) -> None:
    for rule, is_fine in (
        ("like_club >= 0.5", False),
        ("not like_club_chosen = true", False),
        ("like_club in top 5%", False),
        ('like_club >= 0.5 and not in segment "club"', True),
        ('in segment "club" or like_club >= 0.5', True),
        ('in segment "club_alike"', True),
    ):
        path = own.folder.path / "segments/more.yaml"
        path.write_text(f"segments:\n  - {{name: more, label: {{en: M, fr: M}}, where: '{rule}'}}\n")
        project = Project(own.folder.path, clock=own.clock)
        if is_fine:
            project.plan()
            continue
        with pytest.raises(DefinitionError, match='add: and not in segment "club"'):
            project.plan()


@pytest.mark.parametrize(
    ("rule", "lost", "kept"),
    [
        # What the rule asks for itself, and all that is made of the same.
        ("stores >= 4", {"stores"}, {"city", "orders"}),
        ("count of order_completed in last 365 days >= 5", {"orders", "recency_days", "basket_value"}, {"stores"}),
        ("recency_days < 30", {"recency_days", "orders", "basket_value"}, {"stores", "city"}),
        ('in segment "club" or city = "Lyon"', {"club", "city"}, {"stores", "orders"}),
    ],
)
def test_nothing_is_learnt_from_that_defines_the_seed(own: Project, rule: str, lost: set[str], kept: set[str]) -> None:
    segments = f"{SEGMENTS}  - {{name: other, label: {{en: O, fr: A}}, where: '{rule}'}}\n"
    (own.folder.path / "segments/segments.yaml").write_text(segments)
    workspace = Project(own.folder.path, clock=own.clock)._workspace()
    definition = replace(_declared(workspace), seed="other")
    past = seed_examples(workspace, definition, seed_rules(workspace, definition), NOW)
    assert not isinstance(past, str)
    assert lost <= {one.name for one in past.left_out}
    assert not lost & set(past.examples.table.features)
    assert kept <= set(past.examples.table.features)
    for name in lost:
        with pytest.raises(DefinitionError, match="would only copy the rule"):
            seed_rules(workspace, replace(definition, features=(name,)))


def test_copies_and_protected_traits_are_left_out_with_the_reason(shop: Project) -> None:
    found = shop.lookalikes()
    assert found is not None
    reasons = {one.name: str(one.fault) for one in found.left_out}
    assert (reasons["club"], reasons["age"], reasons["club_card"]) == ("defining", "protected", "leaking")
    assert not set(reasons) & set(found.study.features)
    workspace = shop._workspace()
    named = replace(_declared(workspace), features=("age", "stores"))
    asked = find_lookalikes(workspace, named, seed_rules(workspace, named), NOW)
    assert not isinstance(asked, str)
    assert set(asked.document.study.features) == {"age", "stores"}


@pytest.mark.slow
def test_with_a_cut_off_only_those_who_entered_since_are_learnt_from_by_what_was_known_then(
    shop: Project, tmp_path: Path
) -> None:
    workspace = shop._workspace()
    definition = replace(_declared(workspace), before=100 * DAY)
    seed = seed_rules(workspace, definition)
    past = seed_examples(workspace, definition, seed, NOW)
    cut_off = NOW - 100 * DAY
    assert not isinstance(past, str)
    assert past.cut_off == cut_off
    assert past.entered_before == shop.preview("club = true", cut_off).size
    assert int(past.examples.reached.sum()) == past.members - past.entered_before > 20
    other = lookalike_shop(tmp_path, until=cut_off)
    then_workspace = other._workspace()
    now = replace(definition, before=0)
    then = seed_examples(then_workspace, now, seed_rules(then_workspace, now), cut_off)
    assert not isinstance(then, str)
    early = then.examples.take(np.flatnonzero(~then.examples.reached))
    names = {"stores", "orders", "recency_days", "basket_value"}
    assert names <= set(past.examples.table.names) & set(early.table.names)
    assert _rows(past.examples.table, names) == _rows(early.table, names)


def _rows(table: FeatureTable, order: set[str]) -> Mapping[str, list[float]]:
    columns = np.column_stack([np.nan_to_num(table.column(name), nan=-1) for name in sorted(order)])
    return dict(zip(table.person_ids, columns.round(9).tolist(), strict=True))


@pytest.mark.slow
def test_a_model_in_force_is_asked_until_the_seed_means_something_else(own: Project) -> None:
    detail = {one.step: one for one in own.run(NOW + DAY)}["score like_club"].detail
    assert detail.endswith("people by like_club 1")
    segments = SEGMENTS.replace("where: club = true", "where: club = true and stores >= 1")
    (own.folder.path / "segments/segments.yaml").write_text(segments)
    opened = Project(own.folder.path, clock=own.clock)
    list(opened.run(NOW + 2 * DAY, apply=True))
    list(opened.run(NOW + 3 * DAY))
    assert [one.state for one in opened.models("like_club")] == [State.RETIRED, State.LIVE]
    found = opened.lookalikes("like_club")
    assert found is not None
    assert "stores >= 1" in found.sentence
    assert "stores" not in found.study.features
    card = opened.models("like_club")[1].entry.card  # type: ignore[union-attr]
    assert "hidden among the others in turn" in card.text("en")
    assert "cachés tour à tour parmi les autres" in card.text("fr")


def test_what_cannot_be_learnt_says_why(own: Project) -> None:
    workspace = own._workspace()
    few = replace(_declared(workspace), among="stores > 50")
    assert "too few to learn from" in str(find_lookalikes(workspace, few, seed_rules(workspace, few), NOW))
    with pytest.raises(UnknownNameError, match="clubb"):
        seed_rules(workspace, replace(few, seed="clubb"))
    circle = replace(few, seed="club_alike")
    with pytest.raises(DefinitionError, match="which is learnt from it"):
        seed_rules(workspace, circle)
    with pytest.raises(UnknownNameError, match="like_clubs"):
        own.lookalikes("like_clubs")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "seed"),
        ({"seed": "vip", "share": 0}, "between 0 and 1"),
        ({"seed": "vip", "share": 0.1, "size": 9}, "one of share, size and chance"),
        ({"seed": "vip", "size": 0}, "from 1 on"),
        ({"seed": "vip", "chance": 1.5}, "between 0 and 1"),
        ({"seed": "vip", "models": ["guess"]}, "each once"),
        ({"seed": "vip", "threshold": 1}, "unknown field"),
        ({"seed": "vip", "at": "exit"}, "run or entry"),
        ({"seed": "vip", "moments": 3}, "beside at: entry"),
        ({"seed": "vip", "at": "entry", "moments": 0}, "from 1 on"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_field(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        score_definitions_of({"scores": [{"kind": "lookalike", **fields}]}, "scores/a.yaml")
