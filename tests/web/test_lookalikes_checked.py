"""Look-alikes and segments from examples on the studio's page of checks, and in the report."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from studio_desk import Studio, plain, studio

from kohort.clock import DAY
from kohort.project import Project
from kohort.reports.checks import Held
from kohort.reports.validation_lookalikes import lookalike_checks
from kohort.reports.validation_predictions import prediction_checks
from kohort.stats.intervals import Interval
from kohort.testing.clock import SettableClock
from lookalike_shop import keen_people, lookalike_shop, told
from small_shop import NOW, lines_in

SCORES = """scores:
  - kind: lookalike
    name: like_club
    seed: club
    models: [logistic]
    retrain: {on_drift: true, months: 1}
  - kind: supervised
    name: fits
    examples: {file: examples.csv, person: customer, label: fits}
    models: [logistic]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder: Path = tmp_path_factory.mktemp("checked")
    project = lookalike_shop(folder, SCORES)
    answers = [f"p{place},{'yes' if keen else 'no'}" for place, keen in enumerate(keen_people()[:200].tolist())]
    (project.folder.path / "examples.csv").write_text("\n".join(["customer,fits", *answers]) + "\n")
    list(project.run(NOW))
    return project


@pytest.fixture(scope="module")
def open_studio(shop: Project) -> Iterator[Studio]:
    with studio(shop) as found:
        yield found


@pytest.mark.slow
def test_what_was_checked_of_lookalikes_stands_on_the_page(open_studio: Studio, shop: Project) -> None:
    alike, supervised = open_studio.get("/validation.json").json()["predictions"]
    assert [(one["score"], one["number"]) for one in (alike, supervised)] == [("like_club", 1), ("fits", 1)]
    [shown], [fits] = shop.lookalikes_shown(), shop.supervised_shown()
    checks, others = lookalike_checks(shown), prediction_checks(fits)
    assert {one["key"]: one["held"] for one in alike["checks"]} == {one.key: str(one.held) for one in checks}
    assert {one["key"]: one["held"] for one in supervised["checks"]} == {one.key: str(one.held) for one in others}
    assert [one.key for one in others] == ["prediction-bands-fits", "prediction-rule-fits", "prediction-leaks-fits"]
    assert "of a later time" not in others[0].method.en
    assert checks[0].held is Held.YES
    english, french = (plain(open_studio.get("/validation", one).text) for one in ("en", "fr"))
    assert "like_club: are hidden members found again? it holds" in english
    assert "and it may be none" in english
    assert "like_club : les membres cachés sont-ils retrouvés ?" in french
    rows = list(csv.DictReader(open_studio.get("/validation.csv").text.splitlines()))
    assert {row["check"] for row in rows} == {one.key for one in (*checks, *others)}


def test_the_report_says_how_good_they_are_what_they_learnt_from_and_who_is_in_them(shop: Project) -> None:
    page = shop.report().read_text()
    section = plain(page.partition('<section id="labels"')[2].partition("</section>")[0])
    for score in ("like_club", "fits"):
        chosen, told = (shop.preview(f"{score}{rest}").size for rest in ("_chosen = true", " exists"))
        assert f"Of {told} people who are told a chance {chosen} are chosen." in section
        card = shop.model(score).entry.card  # type: ignore[union-attr]
        assert f"Learnt from: {card.data.en}" in section
        assert f"How good {score} is" in section
        assert f"What was checked of {score}" in section
    [area] = [one for one in shop.model("fits").entry.card.figures if one.name == "auc"]  # type: ignore[union-attr]
    assert f"{area.value.estimate:.3f} {area.value.low:.3f} – {area.value.high:.3f}" in section
    assert "like_club: are hidden members found again?" in section
    assert "fits: does it beat the obvious rule?" in section
    # Whether chances are kept, and who comes first: of the examples.
    assert page.partition('<section id="labels"')[2].partition("</section>")[0].count("<svg") == 2


@pytest.mark.slow
def test_likeness_that_is_no_better_than_lots_or_copies_the_rule_does_not_hold(shop: Project) -> None:
    [shown] = shop.lookalikes_shown()
    lots = replace(shown.quality, area=Interval(0.51, 0.47, 0.55, 500))
    assert lookalike_checks(replace(shown, quality=lots))[0].held is Held.NO
    copied = replace(shown, study=replace(shown.study, is_telling=True))
    assert lookalike_checks(copied)[-1].held is Held.NO


def test_drift_of_what_lookalikes_read_and_say_is_checked_once_a_run_has_looked(shop: Project, tmp_path: Path) -> None:
    [shown] = shop.lookalikes_shown()
    assert shown.drift is None
    assert "lookalike-drift-like_club" not in [one.key for one in lookalike_checks(shown)]
    later = NOW + 62 * DAY
    project = Project(shutil.copytree(shop.folder.path, tmp_path / "later"), clock=SettableClock(later))
    # Three hundred people come who are unlike any before.
    others = [told(f"new {place}", f"new-{place}", -30, stores=25, age=20, city="Brest") for place in range(300)]
    project.ingest(lines_in(tmp_path)("others.jsonl", others))
    list(project.run(later))
    [look], [shown] = project.drift_looks("like_club"), project.lookalikes_shown()
    assert (look.month, look.model) == ("2026-04", shown.number)
    check = lookalike_checks(shown)[-1]
    assert (check.key, check.answer) == ("lookalike-drift-like_club", look.words)
    assert check.held is Held.NO
    assert {"stores", "like_club"} <= set(look.found), "what is read, and who is chosen"
    assert {one.of.en for one in check.figures} == {one.feature for one in look.features}
    assert [one.feature for one in look.features if one.is_score] == ["like_club"]
    assert "calibration" not in check.method.en
    assert [one.key for one in lookalike_checks(replace(shown, drift=None))] == [
        "lookalike-hidden-like_club",
        "prediction-rule-like_club",
        "lookalike-copies-like_club",
    ]
    with studio(project) as pages:
        english, french = (plain(pages.get("/validation", one).text) for one in ("en", "fr"))
    assert "like_club: are people still as it knows them? it does not hold" in english
    assert "like_club : les personnes sont-elles encore telles qu’il les connaît ?" in french
