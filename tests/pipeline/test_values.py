"""Value as a score: the traits of everybody, what was found as it was kept, and what segments are worth."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from kohort.clock import DAY, parse_moment, zone_of
from kohort.definitions.clv import ClvDefinition
from kohort.definitions.score import score_definitions_of
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.errors import DefinitionError, MissingExtraError, UnknownNameError
from kohort.learning.value.bayesian import Expectations
from kohort.learning.value.lifetime import Forecast, Spread
from kohort.learning.value.results import Foreteller, Reason
from kohort.learning.value.study import Valued
from kohort.learning.value.summaries import Histories
from kohort.pipeline.learning.clv import value_columns
from kohort.pipeline.learning.purchases import days_of
from kohort.project import Project
from kohort.segments.templates import template
from kohort.segments.yaml_text import loaded
from kohort.storage.tables import Tables
from kohort.testing.clock import SettableClock
from small_shop import NOW, tables_of
from value_shop import PEOPLE, SCORES, value_shop

_MICRO = 1_000_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = value_shop(tmp_path_factory.mktemp("value"))
    list(project.run(NOW))
    return project


def _trait(project: Project, name: str) -> dict[str, float]:
    rows = Tables(project.folder.tables).read("trait_values").to_pylist()
    column = VALUE_COLUMNS[ValueType.NUMBER]
    told = [row for row in rows if row["name"] == name and row[column] is not None]
    return {row["actor_id"]: row[column] / _MICRO for row in told}


def test_everybody_who_bought_has_a_value_with_its_range_and_decile(shop: Project) -> None:
    worth, low, high = (_trait(shop, name) for name in ("clv", "clv_low", "clv_high"))
    assert len(worth) == PEOPLE
    assert all(low[one] <= high[one] for one in worth)
    assert {round(one) for one in _trait(shop, "clv_decile").values()} == set(range(1, 11))
    purchases, value = _trait(shop, "clv_expected_purchases"), _trait(shop, "clv_expected_value")
    for one in worth:
        # Discounted at ten percent a year over half a year, it is a little less than the product.
        assert 0.94 < worth[one] / (purchases[one] * value[one]) < 1.0
    assert all(0 <= chance <= 1 for chance in _trait(shop, "clv_active").values())


def test_what_was_found_is_kept_and_told_with_the_value_of_segments(shop: Project) -> None:
    found = shop.value()
    assert found.scores == ("clv",)
    document = found.document
    assert document is not None
    assert (document.score, document.currency, document.horizon) == ("clv", "EUR", 182 * DAY)
    study = document.study
    assert (study.chosen, study.reason, study.people) == (Foreteller.BG_NBD, Reason.ASKED, PEOPLE)
    assert study.told.returns == 1
    assert study.holdout is not None
    worth = _trait(shop, "clv")
    assert study.total.worth == pytest.approx(np.mean(list(worth.values())), rel=1e-6)
    vip, often = (next(one for one in found.segments if one.segment == name) for name in ("vip", "often"))
    most = sorted(worth.values(), reverse=True)[: vip.members]
    assert vip.worth is not None
    assert vip.worth.estimate == pytest.approx(np.mean(most), rel=1e-6)
    reach = 1.959964 * np.std(most, ddof=1) / np.sqrt(len(most))
    assert vip.worth.high - vip.worth.estimate == pytest.approx(reach, rel=1e-5)
    assert vip.share == pytest.approx(sum(most) / sum(worth.values()), rel=1e-6)
    assert often.members > vip.members
    assert found.segments[0] is vip


def test_a_rebuild_gives_the_same_study_and_values(shop: Project, tmp_path: Path) -> None:
    copy = Project(shutil.copytree(shop.folder.path, tmp_path / "shop"))
    before, found = tables_of(copy), copy.value()
    copy.rebuild()
    assert tables_of(copy) == before
    assert copy.value() == found


def test_with_few_repeat_purchases_the_run_says_so_and_goes_on(tmp_path: Path) -> None:
    project = value_shop(tmp_path)
    outcomes = list(project.run(NOW - 690 * DAY))
    told = next(one.detail for one in outcomes if one.step == "score clv")
    assert "a value needs 20 of them" in told
    assert project.value().document is None


def test_an_unknown_score_of_value_is_named(shop: Project) -> None:
    with pytest.raises(UnknownNameError, match="scores of the kind clv"):
        shop.value("clw")


def test_days_are_those_of_the_business() -> None:
    moments = [parse_moment(text, zone_of("UTC")) for text in ("2026-03-28T23:30", "2026-03-29T22:30")]
    assert np.diff(days_of(pa.array(moments), "Europe/Paris")).tolist() == [1]
    # Half past eleven in London is the next day in Paris, and the day is of 23 hours.
    assert days_of(pa.array(moments), "Europe/Paris").tolist()[0] == days_of(pa.array(moments), "UTC").tolist()[0] + 1


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("model", "magic", "one of auto, bg_nbd"),
        ("discount", 3, "a share a year"),
        ("margin", 0, "a share above 0"),
        ("horizon", "3 hours", "a day or more"),
        ("posterior", "yes please", "true or false"),
    ],
)
def test_what_is_wrong_in_a_definition_is_named(field: str, value: object, expected: str) -> None:
    document = {"scores": [{"kind": "clv", "event": "order_completed", "value": "total", field: value}]}
    with pytest.raises(DefinitionError, match=f"{field}.*{expected}"):
        score_definitions_of(document, "scores/value.yaml")


def test_the_supervised_model_has_no_posterior_to_ask_for() -> None:
    score = {"kind": "clv", "event": "order_completed", "value": "total", "model": "supervised", "posterior": True}
    with pytest.raises(DefinitionError, match=r"posterior.*false for the supervised model"):
        score_definitions_of({"scores": [score]}, "scores/value.yaml")


def test_a_score_with_posteriors_names_the_command_of_its_extra(
    shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pymc_marketing", None)
    copy = Project(shutil.copytree(shop.folder.path, tmp_path / "shop"), clock=SettableClock(NOW))
    (copy.folder.path / "scores" / "value.yaml").write_text(SCORES + "    posterior: true\n")
    with pytest.raises(MissingExtraError, match=r'pip install "kohort\[bayes\]"'):
        list(copy.run(NOW))


def test_limits_of_what_is_expected_are_missing_where_a_model_has_none() -> None:
    one = np.ones(2)
    valued = Valued(
        Histories(np.arange(2), np.arange(2), one, one * 9, np.arange(2), one),
        Forecast(one, one, one, one, one), Spread(one, one, one, np.zeros((0, 10))), np.ones(2, dtype=np.int64),
    )  # fmt: skip
    definition = ClvDefinition("clv", "order_completed", "total", posterior=True)
    limits = Expectations(one * 2, one * 3, one * 4, one * 5)
    told = value_columns(definition, valued, limits)
    assert {name.removeprefix("clv_expected_"): values[0] for name, values in list(told.items())[-4:]} == {
        "purchases_low": 2, "purchases_high": 3, "value_low": 4, "value_high": 5
    }  # fmt: skip
    assert all(np.isnan(values).all() for values in list(value_columns(definition, valued).values())[-4:])


def test_a_definition_has_sensible_defaults() -> None:
    document = {"scores": [{"kind": "clv", "event": "order_completed", "value": "total"}]}
    assert score_definitions_of(document, "f.yaml") == (ClvDefinition("clv", "order_completed", "total"),)


def test_the_report_tells_of_value_in_both_languages(shop: Project, tmp_path: Path) -> None:
    page = shop.report(tmp_path / "report.html").read_text()
    assert "BG/NBD was asked for." in page
    assert "BG/NBD a été demandé." in page
    assert "What tenths of people are worth" in page
    assert "Foretold and happened" in page


def test_the_reference_segments_of_value_wait_for_it_and_then_hold_those_they_speak_of(
    shop: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(shop.folder.path, folder)
    behaviour = "  - {kind: behaviour, name: behaviour, event: order_completed, value: total}\n"
    (folder / "scores" / "value.yaml").write_text(SCORES + behaviour)
    (folder / "segments" / "value.yaml").write_text(template("reference.yaml"))
    project = Project(folder, clock=SettableClock(NOW))
    list(project.run(NOW, apply=True))
    worth, spent, active = (_trait(project, name) for name in ("clv", "historic_clv", "clv_active"))
    next_year = set(project.members("most_valuable_next").column("person_id").to_pylist())
    assert len(next_year) == PEOPLE // 10
    assert min(worth[one] for one in next_year) >= max(worth[one] for one in set(worth) - next_year)
    lapsing = set(project.members("valuable_lapsing").column("person_id").to_pylist())
    much = set(sorted(spent, key=spent.__getitem__, reverse=True)[: len(spent) // 4])
    assert lapsing == {one for one in much if active[one] < 0.5}
    assert lapsing


def test_the_score_that_a_new_project_has_behind_a_hash_can_be_declared(tmp_path: Path) -> None:
    text = template("scores.yaml").replace("\n  # -", "\n  -").replace("\n  #  ", "\n   ")
    found = score_definitions_of(loaded(text, "scores.yaml"), "scores.yaml")
    assert [one for one in found if isinstance(one, ClvDefinition)] == [
        ClvDefinition("clv", "order_completed", "total")
    ]
