"""Plan, apply, roll back: what is said is what happens, at once or not at all."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kohort.clock import DAY
from kohort.errors import CheckError, RuleError, StalePlanError, UnknownNameError, UsageError
from kohort.project import Project
from kohort.segments.change_plan import ChangePlan
from kohort.segments.changes import Kind
from kohort.storage.records import SegmentsApplied
from kohort.testing.clock import SettableClock
from kohort.testing.suite.base import scaled
from small_shop import NOW, WriteLines, order, tables_of

SEGMENTS = """\
segments:
  - {name: buyers, where: did order_completed}
  - {name: recent, where: did order_completed in last 7 days}
  - {name: lapsed, where: in segment "buyers" and not in segment "recent"}
  - {name: big, where: sum of order_completed.total > mean}
"""
QUIET = "guards: {smallest: off, broadest: off, alike: off, change: off}\n"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with four segments in force; ada and bob ordered lately, cid and dan long ago."""
    folder = tmp_path_factory.mktemp("applied")
    shop = Project.create(folder / "shop", clock=SettableClock(NOW))
    write(shop, SEGMENTS)
    shop.folder.settings.write_text(shop.folder.settings.read_text() + QUIET)
    orders = [("ada", 1, 3, 10), ("bob", 2, 6, 20), ("cid", 3, 20, 30), ("dan", 4, 40, 100)]
    lines = [order(person, number, days_ago=days, total=total) for person, number, days, total in orders]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shop.ingest(folder / "events.jsonl")
    list(shop.run(NOW))
    return shop.folder.path


@pytest.fixture
def shop(ran: Path, tmp_path: Path, clock: SettableClock) -> Project:
    """A copy of that shop, for one test."""
    return Project(shutil.copytree(ran, tmp_path / "shop"), clock=clock)


def write(shop: Project, text: str) -> None:
    (shop.folder.path / "segments" / "reference.yaml").write_text(text)


def users(shop: Project, segment: str) -> list[str]:
    return sorted(shop.members(segment).column("user_id").to_pylist())


def said(plan: ChangePlan) -> dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """What a plan says, by segment: what becomes of it, who enters, who leaves."""
    return {
        one.segment: (" ".join((one.kind.value, *one.through)), one.entering_sample, one.leaving_sample)
        for one in plan.changes
    }


def with_five_days() -> str:
    return SEGMENTS.replace("in last 7 days", "in last 5 days")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("did order_completed}", "did   order_completed, label: {en: Customers}}"),
        ("did order_completed}", "did `Order Completed`, description: the same under its other name}"),
        ("in last 7 days", "IN LAST 7 DAYS"),
    ],
)
def test_another_spelling_or_label_is_no_change(shop: Project, old: str, new: str) -> None:
    tracking = shop.folder.path / "tracking.yaml"
    tracking.write_text("events: {order_completed: {aliases: [Order Completed]}}\n")
    write(shop, SEGMENTS.replace(old, new))
    plan = shop.plan(NOW)
    assert (plan.changes, len(plan.unchanged)) == ((), 4)
    assert not shop.apply(plan)


def test_a_translated_project_means_the_same(shop: Project) -> None:
    shop.folder.settings.write_text(shop.folder.settings.read_text() + "language: fr\n")
    french = """\
segments:
  - {name: buyers, where: a fait order_completed}
  - {name: recent, where: a fait order_completed dans les 7 derniers jours}
  - {name: lapsed, where: 'dans le segment "buyers" et pas dans le segment "recent"'}
  - {name: big, where: somme de order_completed.total > moyenne}
"""
    write(shop, french)
    assert shop.plan(NOW).changes == ()
    assert shop.segments()[1].sentence == "a fait order_completed dans les 7 derniers jours"
    write(shop, french.replace("7 derniers", "5 derniers"))
    assert shop.plan(NOW).changes[0].after == "did order_completed in last 5 days"
    assert shop.segments()[1].sentence == "a fait order_completed dans les 7 derniers jours", "in force until applied"


def test_a_plan_says_who_would_enter_and_leave_and_what_is_touched_downstream(shop: Project) -> None:
    without_big = "".join(line for line in with_five_days().splitlines(keepends=True) if "big" not in line)
    write(shop, without_big + "  - {name: first, where: orders = 1}\n")
    plan = shop.plan(NOW)
    told = said(plan)
    assert told.pop("first")[0] == "new"
    assert told == {
        "recent": ("changed", (), ("bob",)),
        "lapsed": ("changed through recent", ("bob",), ()),
        "big": ("removed", (), ("dan",)),
    }
    by_name = {one.segment: one for one in plan.changes}
    assert (by_name["first"].entering, by_name["first"].size_before, by_name["first"].size_after) == (4, 0, 4)
    assert by_name["recent"].downstream == ("lapsed",)
    assert plan.unchanged == ("buyers",)


def test_a_plan_writes_nothing(shop: Project) -> None:
    before, records = tables_of(shop), shop.status().journal_records
    write(shop, with_five_days())
    shop.plan(NOW)
    shop.test()
    assert (tables_of(shop), shop.status().journal_records) == (before, records)


def test_until_it_is_applied_a_change_of_files_changes_nothing(shop: Project) -> None:
    write(shop, with_five_days() + "  - {name: first, where: orders = 1}\n")
    outcomes = {one.step: one.detail for one in shop.run(NOW)}
    assert outcomes["segment files"].startswith("not in force yet: 1 changed, 1 changed through, 1 new")
    assert users(shop, "recent") == ["ada", "bob"]
    assert shop.members("recent", NOW).num_rows == shop.preview('in segment "recent"', NOW).size == 2
    assert shop.explain("recent", "bob").holds
    assert {one.name: one.note for one in shop.segments()}["first"] == "is not in force yet; see: kohort plan"
    with pytest.raises(UsageError, match="kohort plan"):
        shop.members("first")


def test_applying_switches_definitions_and_members_at_once_and_keeps_the_old_version(shop: Project) -> None:
    write(shop, with_five_days())
    records = shop.status().journal_records
    assert shop.apply(shop.plan(NOW))
    assert users(shop, "recent") == ["ada"]
    assert users(shop, "lapsed") == ["bob", "cid", "dan"]
    assert {one.name: one.version for one in shop.segments()} == {"buyers": 1, "recent": 2, "lapsed": 1, "big": 1}
    kinds = [record.kind for record in shop._workspace().journal.read(after=records)]
    assert kinds == ["segments", "run"], "one record holds the definitions and their evaluation"
    assert {one.step: one.state for one in shop.run(NOW)}["segments"] == "skipped"
    assert shop.plan(NOW).changes == ()


SENTENCES = (
    "did order_completed",
    "did order_completed in last 5 days",
    "did order_completed in last 30 days",
    "sum of order_completed.total > mean",
    "sum of order_completed.total in top 25%",
    "count of order_completed >= 1 and not did order_completed in last 10 days",
    'in segment "a"',
    'not in segment "a"',
    'in segment "b" or did order_completed in last 4 days',
)
RULES = st.fixed_dictionaries(
    {"a": st.sampled_from(SENTENCES[:6])},
    optional={
        "b": st.sampled_from(SENTENCES[:8]),
        "c": st.sampled_from((*SENTENCES[:4], SENTENCES[6], SENTENCES[7])),
        "d": st.sampled_from(SENTENCES[:5]),
    },
)


@pytest.mark.slow
@settings(max_examples=scaled(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=RULES, second=RULES)
def test_what_a_plan_says_is_what_applying_does(
    ran: Path, tmp_path: Path, first: Mapping[str, str], second: Mapping[str, str]
) -> None:
    folder = tmp_path / "law"
    shutil.rmtree(folder, ignore_errors=True)
    shop = Project(shutil.copytree(ran, folder), clock=SettableClock(NOW))

    def apply(rules: Mapping[str, str]) -> ChangePlan:
        listed = [{"name": name, "where": where} for name, where in rules.items()]
        write(shop, json.dumps({"segments": listed}))
        plan = shop.plan(NOW)
        shop.apply(plan)
        return plan

    apply(first)
    before = {name: set(users(shop, name)) for name in first}
    plan = apply(second)
    after = {name: set(users(shop, name)) for name in second}
    changes = {one.segment: one for one in plan.changes}
    for name in {*first, *second}:
        then, now = before.get(name, set()), after.get(name, set())
        if name not in changes:
            assert (then, first[name]) == (now, second[name])
            continue
        one = changes[name]
        assert (one.size_before, one.size_after) == (len(then), len(now))
        assert (one.entering, one.leaving) == (len(now - then), len(then - now))
        assert set(one.entering_sample) <= now - then
        assert set(one.leaving_sample) <= then - now
        assert (one.kind is Kind.CHANGED) == (name in first and name in second and first[name] != second[name])
    restored = shop.plan_rollback(at=NOW) if plan.changes else None
    if restored is not None:
        shop.apply(restored)
        assert {name: set(users(shop, name)) for name in first} == before
    tables = tables_of(shop)
    shop.rebuild()
    assert tables_of(shop) == tables


@pytest.mark.parametrize("what", ["files", "applied", "people", "run"])
def test_a_stale_plan_is_refused_and_nothing_changes(shop: Project, write_lines: WriteLines, what: str) -> None:
    write(shop, with_five_days())
    plan = shop.plan(NOW)
    if what == "files":
        write(shop, SEGMENTS.replace("in last 7 days", "in last 4 days"))
    elif what == "applied":
        assert shop.apply(shop.plan(NOW)), "another one, at the same time"
    elif what == "people":
        shop.ingest(write_lines("late.jsonl", [order("cid", 9, days_ago=1)]))
    else:
        list(shop.run(NOW + DAY))
    before, records = tables_of(shop), shop.status().journal_records
    with pytest.raises(StalePlanError, match="nothing was applied"):
        shop.apply(plan)
    assert (tables_of(shop), shop.status().journal_records) == (before, records)


def test_a_kept_plan_is_the_same_plan(shop: Project) -> None:
    write(shop, with_five_days())
    plan = shop.plan(NOW)
    kept = msgspec.json.decode(msgspec.json.encode(plan), type=ChangePlan)
    assert kept == plan
    assert shop.apply(kept)


def test_a_plan_of_another_sentence_asks_what_it_would_change(shop: Project) -> None:
    plan = shop.plan(NOW, instead={"recent": "did order_completed in last 5 days"})
    assert said(plan)["recent"] == ("changed", (), ("bob",))
    with pytest.raises(StalePlanError, match="the files"):
        shop.apply(plan)
    with pytest.raises(RuleError):
        shop.plan(NOW, instead={"recent": "did order_complete"})
    with pytest.raises(UnknownNameError, match='did you mean "recent"'):
        shop.plan(NOW, instead={"recnt": "did order_completed"})


def test_rolling_back_one_segment_is_a_new_version_that_means_the_old_one(shop: Project) -> None:
    write(shop, with_five_days())
    shop.apply(shop.plan(NOW))
    plan = shop.plan_rollback("recent", at=NOW)
    assert said(plan) == {"recent": ("changed", ("bob",), ()), "lapsed": ("changed through recent", (), ("bob",))}
    shop.apply(plan)
    assert users(shop, "recent") == ["ada", "bob"]
    rows = shop.history("recent")
    assert [(one.version, one.size, one.entered, one.left, one.cause) for one in rows] == [
        (1, 2, 2, 0, "first run"),
        (2, 1, 0, 1, "apply"),
        (3, 2, 1, 0, "rollback"),
    ]
    assert rows[0].sentence == rows[2].sentence == "did order_completed in last 7 days"
    assert [one.in_force for one in rows] == [False, False, True]
    assert (rows[1].left_sample, rows[2].entered_sample) == (("bob",), ("bob",))
    list(shop.run(NOW + DAY // 24))
    assert users(shop, "recent") == ["ada", "bob"], "the files do not come back by themselves"
    assert said(shop.plan(NOW + DAY // 24))["recent"][0] == "changed"


def test_rolling_back_everything_undoes_the_last_application(shop: Project) -> None:
    without_big = "".join(line for line in with_five_days().splitlines(keepends=True) if "big" not in line)
    write(shop, without_big + "  - {name: first, where: orders = 1}\n")
    shop.apply(shop.plan(NOW))
    shop.apply(shop.plan_rollback(at=NOW))
    assert {one.name for one in shop.segments() if one.size is not None} == {"buyers", "recent", "lapsed", "big"}
    assert (users(shop, "recent"), users(shop, "big")) == (["ada", "bob"], ["dan"])
    assert [one.sentence is None for one in shop.history("big")] == [False, True, False]
    shop.apply(shop.plan_rollback(at=NOW))
    assert users(shop, "recent") == ["ada"], "going back twice is where one was"


def test_a_new_segment_goes_back_to_nothing_and_a_named_version_comes_back(shop: Project) -> None:
    write(shop, SEGMENTS + "  - {name: first, where: orders = 1}\n")
    shop.apply(shop.plan(NOW))
    shop.apply(shop.plan_rollback("first", at=NOW))
    assert "first" not in shop._workspace().in_force().sentences
    shop.apply(shop.plan_rollback("first", 1, NOW))
    assert users(shop, "first") == ["ada", "bob", "cid", "dan"]
    with pytest.raises(UsageError, match="kohort history first"):
        shop.plan_rollback("first", 7, NOW)


def test_there_must_be_something_to_go_back_to(shop: Project) -> None:
    with pytest.raises(UsageError, match="nothing was applied before"):
        shop.plan_rollback(at=NOW)
    with pytest.raises(UsageError, match="never been anything else"):
        shop.plan_rollback("buyers", at=NOW)
    with pytest.raises(UnknownNameError, match='did you mean "recent"'):
        shop.history("recnt")


def test_a_changed_period_changes_the_segments_that_name_it(shop: Project) -> None:
    settings_text = shop.folder.settings.read_text()
    shop.folder.settings.write_text(settings_text + "periods: {sale: {from: 2026-02-20, to: 2026-02-24}}\n")
    write(shop, SEGMENTS + "  - {name: sale, where: did order_completed in period sale}\n")
    shop.apply(shop.plan(NOW))
    assert users(shop, "sale") == ["bob"]
    shop.folder.settings.write_text(settings_text + "periods: {sale: {from: 2026-02-24, to: 2026-02-27}}\n")
    plan = shop.plan(NOW)
    assert said(plan) == {"sale": ("changed through period sale", ("ada",), ("bob",))}
    assert shop.members("sale", NOW).column("user_id").to_pylist() == ["bob"], "as applied, until applied"
    shop.apply(plan)
    assert users(shop, "sale") == ["ada"]
    shop.apply(shop.plan_rollback(at=NOW))
    assert users(shop, "sale") == ["bob"]


def test_journals_from_before_there_was_apply_stay_readable() -> None:
    old = b'{"segments":[{"segment":"vip","version":1,"sentence":"did order_completed"}],"declared":{},"periods":{}}'
    found = msgspec.json.decode(old, type=SegmentsApplied)
    assert (found.epoch, found.cause, found.despite) == (None, "run", [])


def test_a_failed_test_stops_and_nothing_changes(shop: Project) -> None:
    tested = "where: did order_completed in last 5 days, tests: [{in: bob}, {size: {at_least: 1}}]"
    write(shop, SEGMENTS.replace("where: did order_completed in last 7 days", tested))
    plan, before = shop.plan(NOW), tables_of(shop)
    assert [(one.segment, one.test, one.state.value) for one in shop.test(at=NOW)] == [
        ("recent", "in: bob", "failed"),
        ("recent", "size: at least 1", "passed"),
    ]
    with pytest.raises(CheckError, match=r'1 test failed, so nothing was applied: "recent" in: bob \(out\)'):
        shop.apply(plan)
    assert tables_of(shop) == before
    assert len(shop.test(["buyers"], NOW)) == 0


def test_a_guard_rail_that_stops_is_overridden_by_name_with_a_reason_that_is_kept(shop: Project) -> None:
    guarded = "where: did order_completed in last 5 days, guards: {smallest: 2, stop: smallest}"
    write(shop, SEGMENTS.replace("where: did order_completed in last 7 days", guarded))
    plan = shop.plan(NOW)
    assert [(one.guard, one.segment, one.words) for one in plan.stopping] == [
        ("smallest", "recent", "1 person, fewer than 2")
    ]
    with pytest.raises(CheckError, match="--despite smallest --reason"):
        shop.apply(plan)
    with pytest.raises(CheckError, match="--despite smallest"):
        shop.apply(plan, despite=["change"], reason="another one")
    with pytest.raises(UsageError, match="--reason"):
        shop.apply(plan, despite=["smallest"])
    with pytest.raises(UnknownNameError, match='did you mean "smallest"'):
        shop.apply(plan, despite=["smalest"], reason="a typo")
    assert users(shop, "recent") == ["ada", "bob"]
    assert shop.apply(plan, despite=["smallest"], reason="a pilot with few people")
    assert shop.history("recent")[-1].despite == ("smallest",)
    assert shop.history("recent")[-1].reason == "a pilot with few people"
    shop.rebuild()
    assert shop.history("recent")[-1].reason == "a pilot with few people"


def test_a_segment_that_stays_empty_is_pointed_out(shop: Project) -> None:
    write(shop, SEGMENTS + "  - {name: none, where: orders > 99}\n")
    shop.apply(shop.plan(NOW))
    list(shop.run(NOW + 31 * DAY))
    (found,) = shop.plan(NOW + 31 * DAY).broken
    assert (found.guard, found.segment, found.stops) == ("empty_for", "none", False)


def test_a_test_may_not_name_a_segment_that_is_not_there(shop: Project) -> None:
    write(
        shop, SEGMENTS.replace("where: did order_completed}", "where: did order_completed, tests: [{subset_of: bg}]}")
    )
    with pytest.raises(UnknownNameError, match='did you mean "big"'):
        shop.plan(NOW)


def test_a_wrong_draft_keeps_nobody_from_being_evaluated(shop: Project) -> None:
    write(shop, SEGMENTS + "  - {name: draft, where: did order_complete}\n")
    with pytest.raises(RuleError, match="order_complete"):
        list(shop.run(NOW + DAY))
    assert users(shop, "recent") == ["ada"], "bob's seven days are over"
    assert shop.status().last_run == NOW + DAY


def test_a_project_without_people_has_a_plan_too(tmp_path: Path, clock: SettableClock) -> None:
    empty = Project.create(tmp_path / "empty", clock=clock)
    plan = empty.plan(NOW)
    assert (plan.population, plan.changes, len(plan.left_out)) == (0, (), 11)
    assert not empty.apply(plan)
    assert empty.test(at=NOW) == ()
    assert "segments" in states_of(empty)
    assert empty._workspace().in_force().seq == 0, "the first data may still put the files in force"


def states_of(shop: Project) -> set[str]:
    return {one.step for one in shop.run(NOW)}


def test_what_a_removed_file_declared_stays_in_force_until_it_is_applied(shop: Project) -> None:
    write(shop, "segments: [{name: buyers, where: did order_completed}]\n")
    assert users(shop, "lapsed") == ["cid", "dan"]
    assert {one.name for one in shop.segments()} == {"buyers", "recent", "lapsed", "big"}
    assert shop.members("lapsed", NOW).num_rows == 2
    plan = shop.plan(NOW)
    assert [(one.segment, one.kind.value, one.size_after) for one in plan.changes] == [
        ("big", "removed", 0),
        ("lapsed", "removed", 0),
        ("recent", "removed", 0),
    ]
    shop.apply(plan)
    with pytest.raises(UnknownNameError, match="lapsed"):
        shop.members("lapsed")
    write(shop, "segments: []\n")
    shop.apply(shop.plan(NOW))
    assert (dict(shop._workspace().in_force().sentences), shop.segments()) == ({}, [])
    assert "segment files" not in states_of(shop)
    shop.apply(shop.plan_rollback(at=NOW))
    assert users(shop, "buyers") == ["ada", "bob", "cid", "dan"]
