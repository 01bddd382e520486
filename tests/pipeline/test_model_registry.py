"""Models: every run is kept, a candidate waits, a plan says who moves, one record puts a model in force, or back."""

import shutil
from pathlib import Path

import msgspec
import pytest

from kohort.errors import CorruptionError, StalePlanError, UnknownNameError, UsageError
from kohort.pipeline.learning.registry.entries import State
from kohort.project import Project
from kohort.segments.change_plan import ChangePlan
from kohort.testing.clock import SettableClock
from model_shop import LATER, with_candidate, with_clusters
from small_shop import tables_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_candidate(tmp_path_factory.mktemp("models"))


@pytest.fixture
def shop(made: Project, tmp_path: Path) -> Project:
    """Return a copy, which a test may change."""
    shutil.copytree(made.folder.path, tmp_path / "copy")
    return Project(tmp_path / "copy", clock=SettableClock(LATER))


def members(project: Project) -> dict[str, frozenset[str]]:
    names = ("first", "second", "grouped", "buyers")
    return {name: frozenset(project.members(name).column("person_id").to_pylist()) for name in names}


def states(project: Project) -> list[str]:
    return [one.state.value for one in project.models("persona")]


def test_every_run_is_kept_with_what_it_takes_to_do_it_again(made: Project) -> None:
    first, second = made.models("persona")
    assert [one.number for one in (first, second)] == [1, 2]
    assert (first.state, second.state) == (State.LIVE, State.CANDIDATE)
    assert second.since is None
    assert second.at == LATER
    for one in (first, second):
        assert one.entry is not None
        assert one.entry.digest == one.file.removesuffix(".json")
        assert one.entry.parameters["features"] == ["orders", "basket_value", "recency_days"]
        assert one.entry.seed == 1
        assert all(figure.value.low <= figure.value.estimate <= figure.value.high for figure in one.entry.figures)
    assert first.entry is not None
    assert second.entry is not None
    assert 0 < first.entry.known < second.entry.known
    assert (first.entry.people, second.entry.people) == (60, 90)
    assert (first.entry.cause, second.entry.cause) == ("by hand", "schedule")


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("en", ["What it says", "What it learnt from", "How good it is", "Limits", "Not to be used for"]),
        ("fr", ["Ce qu'il dit", "Ce dont il a appris", "Ce qu'il vaut", "Limites", "À ne pas utiliser pour"]),
    ],
)
def test_a_card_says_in_both_languages_what_a_model_is_for_and_what_not(
    made: Project, language: str, titles: list[str]
) -> None:
    entry = made.model("persona").entry
    assert entry is not None
    card = entry.card.text(language)
    assert [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")] == titles
    assert "2026-03-01" in card
    assert "60" in card


def test_a_candidate_is_never_in_force_by_itself(made: Project) -> None:
    before = members(made)
    assert before["grouped"] == before["buyers"], "all three kinds stand in the first model's two groups"
    outcomes = {one.step: one for one in made.run()}
    assert outcomes["model persona"].state == "skipped"
    assert "persona 2 waits" in outcomes["model persona"].detail
    assert states(made) == ["live", "candidate"]
    assert members(made) == before


def test_a_plan_says_exactly_who_will_enter_and_leave_and_what_is_downstream(shop: Project) -> None:
    plan, before = shop.plan_promotion("persona"), members(shop)
    assert plan.model is not None
    assert (plan.model.run, plan.model.before, plan.model.scored) == (2, 1, 90)
    assert plan.unchanged == ("buyers",)
    assert members(shop) == before, "a plan writes nothing"
    assert shop.apply(plan)
    after = members(shop)
    assert before != after
    assert after["grouped"] < after["buyers"]
    for change in plan.changes:
        old, new = before[change.segment], after[change.segment]
        assert (change.size_before, change.size_after) == (len(old), len(new))
        assert (change.entering, change.leaving) == (len(new - old), len(old - new))
        assert change.through == ("model persona 2",)
        assert change.downstream == (() if change.segment == "grouped" else ("grouped",))
    assert plan.model.moved == sum(one.leaving for one in plan.changes if one.segment == "grouped")


def test_model_scores_and_members_change_by_one_record(shop: Project) -> None:
    plan, before = shop.plan_promotion("persona"), shop.status().journal_records
    shop.apply(plan)
    kinds = [record.kind for record in shop.open_journal().read(after=before)]
    assert kinds == ["segments", "run"]
    assert states(shop) == ["retired", "live"]
    assert shop.models("persona")[1].since == LATER
    assert shop.history("first")[-1].version == 1, "the segment means what it meant"


def test_the_next_run_assigns_people_by_the_model_in_force(shop: Project) -> None:
    shop.apply(shop.plan_promotion("persona"))
    after = members(shop)
    assert isinstance(shop.clock, SettableClock)
    shop.clock.moment = LATER + 3_600_000_000
    list(shop.run())
    assert members(shop) == after


@pytest.mark.slow
def test_going_back_restores_members_and_scores(shop: Project) -> None:
    before = members(shop)
    traits = shop.sql("SELECT person_id, persona_id FROM traits ORDER BY ALL")
    shop.apply(shop.plan_promotion("persona"))
    plan = shop.plan_model_rollback("persona")
    assert (plan.cause, plan.model and plan.model.run) == ("rollback", 1)
    shop.apply(plan)
    assert states(shop) == ["live", "retired"]
    assert members(shop) == before
    assert shop.sql("SELECT person_id, persona_id FROM traits ORDER BY ALL").equals(traits)
    assert shop.plan_model_rollback("persona").model == shop.plan_promotion("persona", 2).model


@pytest.mark.slow
def test_a_registry_is_rebuilt_from_the_journal(shop: Project) -> None:
    shop.apply(shop.plan_promotion("persona"))
    shop.apply(shop.plan_model_rollback("persona"))
    before, listed = tables_of(shop), shop.models()
    shop.rebuild()
    assert tables_of(shop) == before
    assert shop.models() == listed


@pytest.mark.slow
def test_a_plan_that_is_no_longer_so_is_refused(shop: Project) -> None:
    plan = shop.plan_promotion("persona")
    shop.apply(plan)
    with pytest.raises(StalePlanError):
        shop.apply(plan)
    back = shop.plan_model_rollback("persona")
    shop.merge_people("k0-1", "k1-1")
    with pytest.raises(StalePlanError, match="no longer as the plan says"):
        shop.apply(back)


def test_a_plan_is_a_document_that_can_be_kept(shop: Project) -> None:
    plan = shop.plan_promotion("persona")
    assert msgspec.json.decode(msgspec.json.encode(plan), type=ChangePlan) == plan


def test_what_cannot_be_is_said(shop: Project, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="persona"):
        shop.plan_promotion("personas")
    with pytest.raises(UsageError, match="has no model 7; it has 1 to 2"):
        shop.plan_promotion("persona", 7)
    with pytest.raises(UsageError, match="in force already"):
        shop.plan_promotion("persona", 1)
    with pytest.raises(UsageError, match="nothing to go back to"):
        shop.plan_model_rollback("persona")
    with pytest.raises(UsageError, match="was never in force"):
        shop.plan_model_rollback("persona", 2)
    with pytest.raises(UnknownNameError):
        shop.models("churn")
    waiting = shop.models("persona")[1]
    file = shop.folder.models / waiting.file
    file.write_bytes(file.read_bytes().replace(b"persona-1", b"persona-9"))
    with pytest.raises(CorruptionError, match="not what its name says"):
        shop.plan_promotion("persona")


def test_discovering_by_hand_is_live_at_once_and_a_candidate_before_it_waits_no_more(shop: Project) -> None:
    shop.discover()
    assert states(shop) == ["retired", "candidate", "live"]
    with pytest.raises(UsageError, match="no candidate"):
        shop.plan_promotion("persona")


@pytest.mark.slow
def test_without_retrain_nothing_is_trained_by_itself(tmp_path: Path) -> None:
    project = with_clusters(tmp_path)
    assert isinstance(project.clock, SettableClock)
    project.clock.moment = LATER
    assert not [one for one in project.run() if one.step.startswith("model")]
    assert states(project) == ["live"]
