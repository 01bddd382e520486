"""Missing and unusual values of traits: filled and flagged as a score declares, and marked wherever they show."""

import json
from pathlib import Path

import numpy as np
import pytest

from kohort.errors import DefinitionError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

SCORES = """\
scores:
  - kind: outliers
    name: odd
    traits: [income]
    methods: [robust z-score, iqr, bounds]
    bounds: {income: {from: 0}}
    treatment: cap
  - kind: imputation
    name: fill
    traits: [income_capped]
    predictors: [age]
    method: mice
    draws: 3
    seed: 1
  - kind: imputation
    name: towns
    traits: [town, likes]
    method: mode
  - {kind: imputation, name: wealths, traits: [wealth], method: median}
  - {kind: outliers, name: wealthy, traits: [wealth], methods: [z-score], treatment: cap}
"""
SEGMENTS = """\
segments:
  - {name: rich, where: income_capped_filled >= 40000}
"""
PEOPLE = 60


def told(person: int) -> dict[str, object]:
    """Say the age and, of most, the income of somebody: a thousand a year of age, but one that is mistyped."""
    traits: dict[str, object] = {"age": 20 + person, "income": 1_000 * (20 + person), "town": "Lyon"}
    if person % 4 == 1:
        del traits["income"]
    if person == 2:
        traits["income"] = 9_999_999
    if person == 4:
        traits["wealth"] = 9_007_199_254.740993
    if person == 5:
        traits["likes"] = ["tea", "jazz"]
    if person == 3:
        traits["income"], traits["town"] = -5, None
    return {
        "type": "identify", "messageId": f"told-{person}", "userId": f"p{person}", "timestamp": iso(NOW - 10),
        "traits": traits,
    }  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("repairs")
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    (folder / "shop" / "segments" / "reference.yaml").write_text(SEGMENTS)
    (folder / "shop" / "scores" / "reference.yaml").write_text(SCORES)
    (folder / "people.jsonl").write_text("".join(json.dumps(told(person)) + "\n" for person in range(PEOPLE)))
    project.ingest(folder / "people.jsonl")
    outcomes = {one.step: one for one in project.run(NOW)}
    assert outcomes["score fill"].state == "done"
    return project


def held(project: Project, person: int) -> dict[str, tuple[object, str, str]]:
    return {one.name: (one.value, one.source, one.mark) for one in project.traits(f"p{person}")}


def test_a_value_that_was_told_stays_and_what_is_made_stands_beside_it(shop: Project) -> None:
    traits = held(shop, 0)
    assert (traits["income"][0], traits["income"][2]) == (20_000, "")
    assert traits["income_capped"] == (20_000, "odd", "")
    assert traits["income_capped_filled"] == (20_000, "fill", "")
    assert traits["income_capped_missing"][0] == 0
    assert "income_outlier" not in traits


def test_what_was_told_stays_to_the_last_digit_and_lists_are_filled_too(shop: Project) -> None:
    traits = held(shop, 4)
    assert str(traits["wealth_filled"][0]) == str(traits["wealth_capped"][0]) == "9007199254.740993"
    assert traits["likes_filled"] == (("tea", "jazz"), "towns (imputed by mode)", "imputed by mode")


def test_an_imputed_value_is_marked_with_its_method(shop: Project) -> None:
    traits = held(shop, 1)
    assert "income" not in traits
    value, source, mark = traits["income_capped_filled"]
    assert (source, mark) == ("fill (imputed by mice)", "imputed by mice")
    assert 0 < float(str(value)) < 130_000
    assert traits["income_capped_missing"][0] == 1
    assert traits["town"][2] == traits["town_filled"][2] == ""
    assert held(shop, 3)["town_filled"] == ("Lyon", "towns (imputed by mode)", "imputed by mode")


def test_an_unusual_value_has_its_reasons_and_is_capped_at_the_limit_with_a_mark(shop: Project) -> None:
    traits = held(shop, 2)
    assert traits["income"][0] == 9_999_999
    value, source, mark = traits["income_capped"]
    assert mark == "capped by robust z-score"
    assert source == f"odd ({mark})"
    assert f"above {value:,.2f} (robust z-score)" in str(traits["income_outlier"][0])
    assert "(iqr)" in str(traits["income_outlier"][0])
    assert held(shop, 3)["income_outlier"][0] == "below 0.00 (bounds)"


def test_an_explanation_says_that_a_value_is_imputed(shop: Project) -> None:
    (fact,) = shop.explain("rich", "p1").facts
    assert (fact.name, fact.mark) == ("income_capped_filled", "imputed by mice")
    (fact,) = shop.explain("rich", "p0").facts
    assert fact.mark == ""


def test_what_was_found_is_a_finding(shop: Project) -> None:
    details: dict[str, list[str]] = {}
    for one in shop.findings():
        details.setdefault(one.check, []).append(one.detail)
    assert sorted(details["imputed"]) == [
        f"{trait} of {missing} of 60 people ({share} %) is imputed by {method}; "
        f"each such value of {trait}_filled is marked"
        for trait, missing, share, method in (
            ("income_capped", 15, "25.0", "mice"),
            ("likes", 59, "98.3", "mode"),
            ("town", 1, "1.7", "mode"),
            ("wealth", 59, "98.3", "median"),
        )
    ]
    assert "by 3 draws pooled" in details["pooled mean"][0]
    assert "Little's test" in details["missing at random"][0]
    assert any("robust z-score and iqr both flag" in one for one in details["outliers compared"])
    assert any("income_capped has them at the limit" in one for one in details["outlier (robust z-score)"])


def test_sources_and_scores_are_counted_without_their_marks(shop: Project) -> None:
    names = {one.name: one.kind for one in shop.sources()}
    assert names["fill"] == names["odd"] == "score"
    assert not any("(" in name for name in names)
    newest = {one.name: one for one in shop.scores()}
    filled = {one.name: one.distribution.people for one in newest["fill"].traits}
    assert filled["income_capped_filled"] == PEOPLE
    assert newest["fill"].kind == "imputation"


def test_rebuilt_tables_have_the_same_marks(shop: Project) -> None:
    before = [held(shop, person) for person in (1, 2)]
    shop.rebuild()
    assert [held(shop, person) for person in (1, 2)] == before


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("{kind: imputation, name: a, traits: [town], method: median}", "town should be a number and is a text"),
        (
            "{kind: imputation, name: a, traits: [age], method: constant, constant: many}",
            'expected a number, got "many"',
        ),
        ("{kind: outliers, name: a, traits: [town]}", "town should be a number"),
    ],
)
def test_a_trait_of_another_type_is_refused_by_name(shop: Project, tmp_path: Path, score: str, said: str) -> None:
    file = shop.folder.path / "scores" / "wrong.yaml"
    file.write_text(f"scores: [{score}]")
    try:
        with pytest.raises(DefinitionError, match=said):
            list(Project(shop.folder.path, clock=SettableClock(NOW)).run(NOW))
    finally:
        file.unlink()


def test_excluding_leaves_flagged_values_out_and_models_flag_people(shop: Project) -> None:
    file = shop.folder.path / "scores" / "more.yaml"
    file.write_text(
        "scores: [{kind: outliers, name: unlike, traits: [age, income], methods: [isolation forest, lof, iqr], "
        "treatment: exclude, by: iqr}]"
    )
    try:
        list(shop.run(NOW))
        assert "income_trimmed" not in held(shop, 2)
        assert held(shop, 0)["income_trimmed"][0] == 20_000
        assert "isolation forest: score 0." in str(held(shop, 2)["unlike_outlier"][0])
        assert np.isclose(float(str(held(shop, 0)["age_trimmed"][0])), 20)
    finally:
        file.unlink()
