"""Checks of the report: over time, of what was foretold, of other methods and of value; yes, no, and a guide."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from html_reading import Page
from report_builder import discovery, shop

from kohort.learning.clustering.cohorts import CohortCell
from kohort.learning.clustering.period_results import ClusterFate, Fate, PeriodFound, Shift
from kohort.learning.value.results import CalibrationRow, Foreteller, Holdout, Judged
from kohort.learning.wording import Bilingual
from kohort.measurement.outcomes import measure_outcomes
from kohort.measurement.prediction import predictive_power
from kohort.reports.checks import Check, Held
from kohort.reports.method_data import MethodRow
from kohort.reports.page import render_report
from kohort.reports.periods_data import ClusterConversion, ClustersOverTime, PeriodsReport
from kohort.reports.tables import validation_table
from kohort.reports.validation import validation_of
from kohort.reports.validation_periods import period_checks
from kohort.reports.validation_value import _beats_a_rule, _calibrated
from kohort.stats.intervals import Interval

NAMES = (Bilingual("Frequent", "Fréquents"), Bilingual("Rare", "Rares"))


def near(value: float) -> Interval:
    return Interval(value, value - 0.1, value + 0.1, 100)


def month(name: str, *, fate: Fate = Fate.PERSISTS, moved: float = 0.0, appeared: tuple[int, ...] = ()) -> PeriodFound:
    fates = (ClusterFate(0, Fate.PERSISTS, (0,), near(0.9)), ClusterFate(1, fate, (1,), near(0.8)))
    shift = Shift("centre", 1, "spend", None, near(moved), 0.001 if moved else 1.0, found=bool(moved))
    return PeriodFound(name, 200, 2, (near(0.5), near(0.5)), (near(0.9), None), fates, appeared, (shift,))


def followed(*months: PeriodFound) -> PeriodsReport:
    cells = (CohortCell(0, 0, 120, near(0.8), (near(0.5), near(0.5))), CohortCell(0, 1, 120, near(0.4), ()))
    names = ("2026-01", *(one.name for one in months))
    spend = {"spend": Bilingual("spend", "dépense")}
    return PeriodsReport("persona", "2026-01", NAMES, spend, names, months, cells, Bilingual("So.", "Ainsi."))


def conversion(rates: tuple[float, float]) -> ClusterConversion:
    random = np.random.default_rng(1)
    groups = np.arange(400) % 2
    hits = random.random(400) < np.array(rates)[groups]
    people = [str(one) for one in range(400)]
    members = {f"cluster {one + 1}": {people[row] for row in np.flatnonzero(groups == one)} for one in range(2)}
    did = {people[row] for row in np.flatnonzero(hits)}
    outcomes = measure_outcomes(members, everyone=set(people), converted=did, value={})
    power = predictive_power(groups, np.arange(400) // 80, hits, seed=1)
    split = datetime(2026, 2, 1, tzinfo=UTC)
    words = Bilingual("ordered", "ont commandé"), Bilingual("4 weeks", "4 semaines")
    return ClusterConversion(*words, split, NAMES, outcomes, power)


@pytest.mark.parametrize(
    ("months", "held", "said"),
    [
        ([month("2026-02")], Held.YES, "Every one is found again"),
        ([month("2026-02", fate=Fate.DISSOLVED)], Held.NO, "In 2026-02 “Rare” is dissolved."),
        ([month("2026-02", fate=Fate.MERGED)], Held.NO, "“Rare” is merged with another"),
        ([month("2026-02"), month("2026-03", appeared=(2,))], Held.NO, "In 2026-03 a new group appears."),
        (
            [month("2026-02", moved=0.3), month("2026-03", moved=0.6)],
            Held.NO,
            "“Rare” has moved most in spend by +0.60 standard deviations (0.50 to 0.70), in 2026-03.",
        ),
    ],
)
def test_what_changed_is_named_with_its_month_and_size(months: list[PeriodFound], held: Held, said: str) -> None:
    [check] = period_checks(ClustersOverTime(followed(*months)))
    assert check.held is held
    assert said in check.answer.en
    assert [one.of for one in check.figures] == list(NAMES)


def test_groups_that_foretell_hold_and_groups_of_chance_do_not() -> None:
    told = [
        validation_of(discovery(), ClustersOverTime(conversions=(conversion(rates),)))
        for rates in ((0.7, 0.2), (0.4, 0.4))
    ]
    good, chance = (next(one for one in checks if one.key == "conversion-1") for checks in told)
    assert (good.held, chance.held) == (Held.YES, Held.NO)
    assert "the groups tell more" in good.answer.en
    assert "les groupes en disent plus" in good.answer.fr


def hdbscan(**changed: object) -> MethodRow:
    row = MethodRow(
        "hdbscan", Bilingual("HDBSCAN", "HDBSCAN"), True, 4, 0.1, (0.4, 0.3, 0.1, 0.1), 0.2, 0.01, 0.3,
        (0.9, 0.9, 0.85, 0.8), 0.5, 0.05, 0.3, 0.4, None, 0.2, 0.01, (("k_means", 0.4),), True,
        Bilingual("holds", "tient"), 1.0,
    )  # fmt: skip
    return replace(row, **changed)  # type: ignore[arg-type]


def k_means() -> MethodRow:
    return replace(
        hdbscan(),
        method="k_means",
        name=Bilingual("k-means", "k-moyennes"),
        taken=False,
        outside=0.0,
        stability=(0.95, 0.6),
        same=(("hdbscan", 0.4),),
        words=Bilingual("unstable", "instable"),
    )


def by_key(checks: tuple[Check, ...]) -> dict[str, Check]:
    return {one.key: one for one in checks}


def test_another_method_is_checked_by_its_own_measures() -> None:
    report = replace(discovery(), method="hdbscan", methods=(k_means(), hdbscan()))
    checks = by_key(validation_of(report))
    assert {"chance", "separation", "silhouette", "outside", "methods", "steadiest"} <= checks.keys()
    assert "cohesion" not in checks
    assert [checks[one].held for one in ("chance", "separation", "outside")] == [Held.YES] * 3
    assert checks["chance"].figures[0].value.low == pytest.approx(0.5 - 3 * 0.05)
    assert [one.value.estimate for one in checks["methods"].figures] == [0.4]
    assert "By k-means: unstable." in checks["methods"].answer.en
    assert [one.value.estimate for one in checks["steadiest"].figures] == [0.8, 0.6]
    poor = replace(report, methods=(k_means(), hdbscan(gap=0.05, valley=0.8, outside=0.4)))
    worse = by_key(validation_of(poor))
    assert [worse[one].held for one in ("chance", "separation", "outside")] == [Held.NO] * 3


def holdout(skill: Interval, ratios: list[float]) -> Holdout:
    judged = tuple(
        Judged(key, spent, near(1.0), 0.4, purchases=10.0, correlation=0.6)
        for key, spent in ((Foreteller.BG_NBD, 900.0), (Foreteller.SAME_RATE, 1_500.0))
    )
    rows = tuple(
        CalibrationRow(
            place, place, 10, None, near(1), None, near(0.5), 10.0, Interval(10 * one, 10 * one - 1, 10 * one + 1, 10)
        )
        for place, one in enumerate(ratios, start=1)
    )
    return Holdout(20_000, 26.0, 100, 50, 1_000.0, judged, Foreteller.BG_NBD, (), rows, skill)


def test_a_forecast_holds_if_it_beats_the_rule_and_is_right_on_average() -> None:
    good = holdout(near(0.5), [1.0] * 8 + [1.3, 0.8])
    assert good.over_same_rate is not None
    check = _beats_a_rule(good, good.over_same_rate)
    assert check.held is Held.YES
    assert "BG/NBD foretold 900 of the 1\u202f000 spent" in check.answer.en
    assert "(correlation 0.60)" in check.answer.en
    assert _beats_a_rule(good, near(0.05)).held is Held.NO
    assert _calibrated(good).held is Held.YES
    off = _calibrated(holdout(near(0.5), [1.0] * 7 + [1.3, 0.8, 1.2]))
    assert off.held is Held.NO
    assert "3 of 10 are off by more than chance" in off.answer.en


def test_the_report_has_the_checks_the_charts_and_links_between_them() -> None:
    over_time = ClustersOverTime(followed(month("2026-02", moved=0.5)), conversions=(conversion((0.7, 0.2)),))
    page = Page(render_report(replace(shop(), over_time=over_time)))
    ids = [one.attributes.get("id") for one in page.elements]
    links = {one.attributes.get("href") for one in page.all("a")}
    text = page.text()
    assert "Do the groups hold from month to month?" in text
    assert "Do the groups foretell who ordered?" in text
    for anchor in ("over-time", "foretold", "personas", "selection"):
        assert ids.count(anchor) == 1
        assert f"#{anchor}" in links
    assert "spend by +0.50 standard deviations" in text
    table = validation_table(validation_of(discovery(), over_time))
    assert [str(row[1]) for row in table.rows if "month to month" in row[0].en] == ["no"]  # type: ignore[union-attr]
