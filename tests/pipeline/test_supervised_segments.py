"""A segment learnt from examples: a file of yes and no, or two segments; judged on examples that were left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kohort.clock import DAY
from kohort.definitions.score import score_definitions_of
from kohort.definitions.supervised import SupervisedDefinition
from kohort.errors import DefinitionError, InputError, UnknownNameError, UsageError
from kohort.pipeline.learning.registry.entries import State
from kohort.pipeline.learning.seeds import seed_rules
from kohort.pipeline.learning.supervised.examples import said_examples
from kohort.pipeline.learning.supervised.scoring import find_supervised
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from lookalike_shop import keen_people, lookalike_shop
from small_shop import NOW

SCORES = """scores:
  - kind: supervised
    name: fits
    examples: {file: examples.csv, person: customer, label: fits}
    costs: [5, 1]
    models: [logistic]
"""
SEGMENTS = """segments:
  - name: club
    label: {en: Club, fr: Club}
    where: club = true
    needs: [club]
  - name: homebody
    label: {en: At home, fr: À la maison}
    where: stores = 0
    needs: [stores]
  - name: fitting
    label: {en: Fitting, fr: Convient}
    where: fits_chosen = true
    needs: [fits_chosen]
"""
EXAMPLES = 250


def _lines() -> list[str]:
    """Return the file of examples: the truth of half of the shop, and rows of no use at its end."""
    keen = keen_people()
    lines = ["customer,fits", *(f"p{place},{'yes' if keen[place] else 'no'}" for place in range(EXAMPLES))]
    return [*lines, "nobody,yes", "p300,", "p301,yes", "p301,no", ",no"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = lookalike_shop(tmp_path_factory.mktemp("supervised"), SCORES, SEGMENTS)
    (project.folder.path / "examples.csv").write_text("\n".join(_lines()) + "\n")
    list(project.run(NOW))
    return project


def _declared(workspace: Workspace) -> SupervisedDefinition:
    return next(one for one in workspace.scores if isinstance(one, SupervisedDefinition))


def test_examples_of_no_use_are_counted_and_told_by_their_lines(shop: Project) -> None:
    found = shop.supervised("fits")
    assert found is not None
    last = EXAMPLES + 1
    assert (found.yes + found.no, found.yes) == (EXAMPLES, int(keen_people()[:EXAMPLES].sum()))
    assert (found.unknown.count, found.unknown.places) == (2, (f"line {last + 1}", f"line {last + 5}"))
    assert found.unsaid.places == (f"line {last + 2}",)
    assert found.contradicted.places == (f"line {last + 3}", f"line {last + 4}")
    card = shop.models("fits")[0].entry.card  # type: ignore[union-attr]
    assert f"Examples of no use, of nobody who is known: 2 (line {last + 1}, line {last + 5})." in card.text("en")
    assert f"(ligne {last + 2})" in card.text("fr")


def test_people_who_are_no_examples_are_told_right_and_the_figures_hold_for_them(shop: Project) -> None:
    found = shop.supervised()
    assert found is not None
    users = shop.members("fitting").column("user_id").to_pylist()
    chosen = np.isin([f"p{place}" for place in range(len(keen_people()))], users)
    new = np.arange(len(chosen)) >= EXAMPLES
    keen = keen_people()
    recall = chosen[new & keen].mean()
    precision = keen[new & chosen].mean()
    f1 = 2 * precision * recall / (precision + recall)
    assert found.study.measures.f1.low - 0.1 < f1 < found.study.measures.f1.high + 0.1
    assert found.study.measures.auc.low > 0.8
    # One missed costs five times as much as one for nothing: from a sixth on, about.
    assert 0.05 < found.threshold < 0.4
    assert recall > 0.75
    assert found.chosen == len(users) == shop.preview("fits_chosen = true").size
    assert shop.preview("fits exists").size == found.asked


def test_the_nearest_rule_is_an_ordinary_rule_and_says_how_near_it_is(shop: Project) -> None:
    found = shop.supervised()
    assert found is not None
    assert found.rule is not None
    sentence = found.rule.sentence.en
    assert "stores" in sentence
    assert "age" not in sentence
    inside = shop.preview(f"({sentence}) and fits_chosen = true").size
    either = shop.preview(f"({sentence}) or fits_chosen = true").size
    f1 = 2 * inside / (inside + either)
    assert found.rule.f1.low - 0.05 < f1 < found.rule.f1.high + 0.05
    assert sentence in shop.models("fits")[0].entry.card.text("en")  # type: ignore[union-attr]


def test_two_segments_are_told_apart_by_what_neither_is_made_of(shop: Project) -> None:
    workspace = shop._workspace()
    definition = replace(_declared(workspace), examples=None, positive="club", negative="homebody")
    seeds = seed_rules(workspace, definition)
    said = said_examples(workspace, definition, seeds, NOW)
    both = shop.preview("club = true and stores = 0").size
    assert said.contradicted.count == both
    assert sum(said.said.values()) == shop.preview("club = true").size - both
    found = find_supervised(workspace, definition, seeds, NOW)
    # Stores and club define the segments, age is protected: a card and a city are left, and neither is known of all.
    assert not isinstance(found, str)
    faults = {one.name: str(one.fault) for one in found.document.left_out}
    assert (faults["stores"], faults["club"], faults["age"]) == ("defining", "defining", "protected")
    assert "club_card" in {one.name for one in found.document.alarms}
    assert set(found.document.study.features) <= {"city", "club_card"}
    with pytest.raises(DefinitionError, match="would only copy the rule"):
        seed_rules(workspace, replace(definition, features=("stores",)))


def test_with_a_cut_off_examples_are_looked_at_as_they_were_then(shop: Project, tmp_path: Path) -> None:
    workspace = shop._workspace()
    definition = replace(_declared(workspace), features=("stores", "club"))
    cut_off = NOW - 100 * DAY
    early = lookalike_shop(tmp_path, SCORES, SEGMENTS, until=cut_off)
    (early.folder.path / "examples.csv").write_text("\n".join(_lines()) + "\n")
    found = find_supervised(workspace, replace(definition, before=100 * DAY), seed_rules(workspace, definition), NOW)
    then = early._workspace()
    reference = find_supervised(then, definition, seed_rules(then, definition), cut_off)
    assert not isinstance(found, str)
    assert not isinstance(reference, str)
    assert found.document.study == reference.document.study
    assert repr(found.model) == repr(reference.model)
    # Who is asked about is told what is known now.
    assert found.document.asked == shop.preview("fits exists").size


def test_members_of_segments_who_were_in_them_at_the_cut_off_are_not_learnt_from(shop: Project) -> None:
    workspace = shop._workspace()
    declared = replace(_declared(workspace), examples=None, positive="club", negative="outsider", before=100 * DAY)
    path = shop.folder.path / "segments/outsider.yaml"
    path.write_text("segments:\n  - {name: outsider, label: {en: O, fr: A}, where: 'not club = true'}\n")
    fresh = Project(shop.folder.path, clock=shop.clock)._workspace()
    seeds = seed_rules(fresh, declared)
    found = find_supervised(fresh, declared, seeds, NOW)
    path.unlink()
    # Whoever is outside now was outside then, and whoever has entered since was too.
    assert isinstance(found, str)
    assert "there are 0 and 0" in found
    assert "500 people were in one of the segments at the cut-off already" in found


@pytest.mark.slow
def test_another_file_is_learnt_from_anew_and_the_same_is_not(tmp_path: Path) -> None:
    project = lookalike_shop(tmp_path, SCORES, SEGMENTS)
    file = project.folder.path / "examples.csv"
    file.write_text("\n".join(_lines()) + "\n")
    list(project.run(NOW))
    assert {one.step: one.state for one in project.run(NOW)}["score fits"] == "skipped"
    file.write_text("\n".join(_lines()[:-5]) + "\n")
    list(project.run(NOW))
    assert [one.state for one in project.models("fits")] == [State.RETIRED, State.LIVE]
    found = project.supervised()
    assert found is not None
    assert found.unknown.count == 0
    again = project.models("fits")
    list(project.run(NOW + 1))
    assert [one.seq for one in project.models("fits")] == [one.seq for one in again]


def test_what_cannot_be_learnt_says_why(shop: Project) -> None:
    workspace = shop._workspace()
    definition = _declared(workspace)
    examples = definition.examples
    assert examples is not None
    path = shop.folder.path

    def asked(lines: list[str], **changed: str) -> str:
        (path / "wrong.csv").write_text("\n".join(lines) + "\n")
        wrong = replace(definition, examples=replace(examples, file="wrong.csv", **changed))
        return str(find_supervised(workspace, wrong, seed_rules(workspace, wrong), NOW))

    assert "there are 1 and 1" in asked(["customer,fits", "p0,yes", "p1,no"])
    with pytest.raises(InputError, match="3 values"):
        asked(["customer,fits", "p0,yes", "p1,no", "p2,maybe"])
    with pytest.raises(InputError, match="write yes or no"):
        asked(["customer,fits", "p0,"])
    with pytest.raises(UsageError, match='has no column "person"'):
        asked(["customer,fits", "p0,yes"], person="person")
    with pytest.raises(DefinitionError, match=r'no file "missing\.csv"'):
        said_examples(
            workspace,
            replace(definition, examples=replace(examples, file="missing.csv")),
            seed_rules(workspace, definition),
            NOW,
        )
    with pytest.raises(UnknownNameError, match="fit"):
        shop.supervised("fit")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"positive": "a", "negative": "a"}, "another segment"),
        ({"positive": "a"}, "negative"),
        ({"examples": {"file": "a.csv", "person": "p", "label": "l"}, "positive": "a"}, "either examples or"),
        ({"examples": {"file": "../a.csv", "person": "p", "label": "l"}}, "in the project's folder"),
        ({"examples": {"file": "a.csv", "label": "l"}}, "person"),
        ({"examples": {"file": "a.csv", "person": "p", "label": "l", "id": "x"}}, "unknown field"),
        ({"positive": "a", "negative": "b", "costs": [1, 0]}, "what one missed costs"),
        ({"positive": "a", "negative": "b", "before": "soon"}, "before"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_field(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        score_definitions_of({"scores": [{"kind": "supervised", "name": "fits", **fields}]}, "scores/a.yaml")
