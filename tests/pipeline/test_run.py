"""Running: what is stale, who enters and leaves, and one number everywhere."""

import json
import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest

from kohort.clock import DAY, moment_of
from kohort.errors import DefinitionError, RuleError, UnknownNameError, UsageError
from kohort.project import Project
from kohort.storage import connections
from kohort.testing.clock import SettableClock
from small_shop import NOW, WriteLines, order

SEGMENTS = """\
segments:
  - {name: buyers, where: did order_completed}
  - {name: recent, where: count of order_completed in last 7 days >= 1}
  - {name: lapsed, where: in segment "buyers" and not in segment "recent", label: {en: Lapsed, fr: Endormis}}
  - {name: big, where: sum of order_completed.total > mean}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with four segments and four people: ada and bob ordered lately, cid and dan long ago."""
    folder = tmp_path_factory.mktemp("ran")
    shop = Project.create(folder / "shop", clock=SettableClock(NOW))
    (shop.folder.path / "segments" / "reference.yaml").write_text(SEGMENTS)
    orders = [("ada", 1, 3, 10), ("bob", 2, 6, 20), ("cid", 3, 20, 30), ("dan", 4, 40, 100)]
    lines = [order(person, number, days_ago=days, total=total) for person, number, days, total in orders]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shop.ingest(folder / "events.jsonl")
    list(shop.run(NOW))
    return shop.folder.path


@pytest.fixture
def running(ran: Path, tmp_path: Path, clock: SettableClock) -> Project:
    """A copy of that shop, for one test."""
    return Project(shutil.copytree(ran, tmp_path / "shop"), clock=clock)


def users(project: Project, segment: str, at: int | str | None = None) -> list[str]:
    return sorted(project.members(segment, at).column("user_id").to_pylist())


def states(project: Project, at: int, *, apply: bool = False) -> dict[str, str]:
    return {outcome.step: outcome.state for outcome in project.run(at, apply=apply)}


def log(project: Project) -> list[tuple[str, str, str]]:
    segment = "buyers" if "buyers" in {one.name for one in project.segments()} else "sale"
    names = {row["person_id"]: row["user_id"] for row in project.members(segment).to_pylist()}
    rows = project._workspace().tables.read("membership_log").sort_by("seq").to_pylist()
    return [(row["segment"], row["change"], names.get(row["person_id"], "?")) for row in rows]


def test_segments_have_the_members_their_sentences_say(running: Project) -> None:
    assert users(running, "buyers") == ["ada", "bob", "cid", "dan"]
    assert users(running, "recent") == ["ada", "bob"]
    assert users(running, "lapsed") == ["cid", "dan"]
    assert users(running, "big") == ["dan"], "the mean is 40"


def test_preview_stored_listed_and_counted_sizes_are_one_number(running: Project) -> None:
    sizes = {one.name: one.size for one in running.segments()}
    for name, sentence in [
        ("recent", "count of order_completed in last 7 days >= 1"),
        ("lapsed", 'in segment "lapsed"'),
    ]:
        assert running.preview(sentence, NOW).size == sizes[name] == running.members(name).num_rows
        assert running.members(name, NOW).num_rows == sizes[name]


def test_time_alone_makes_people_leave_and_the_log_says_when(running: Project) -> None:
    list(running.run(NOW + 2 * DAY))
    assert users(running, "recent") == ["ada"]
    assert log(running)[-2:] == [("lapsed", "entered", "bob"), ("recent", "left", "bob")]
    entered = {row["user_id"]: moment_of(row["entered_at"]) for row in running.members("lapsed").to_pylist()}
    assert entered == {"bob": NOW + DAY, "cid": NOW - 13 * DAY, "dan": NOW - 33 * DAY}
    assert users(running, "recent", NOW) == ["ada", "bob"], "the past stays as it was"


def test_what_has_not_changed_is_not_run_again(running: Project) -> None:
    records = running.status().journal_records
    assert set(states(running, NOW).values()) == {"skipped"}
    assert running.status().journal_records == records
    assert states(running, NOW + DAY)["segments"] == "done"


def test_duckdb_is_opened_once_for_a_run_and_for_what_is_asked_after_it(
    running: Project, write_lines: WriteLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To open it takes as long as ten statements."""
    opening = Mock(wraps=connections.open_duckdb)
    monkeypatch.setattr(connections, "open_duckdb", opening)
    running.ingest(write_lines("more.jsonl", [order("eve", 5, total=5)]))
    assert states(running, NOW)["segments"] == "done"
    assert running.explain("buyers", "eve").holds
    assert [one.value for one in running.person("eve").identifiers] == ["eve"]
    assert opening.call_count == 1
    left = running._workspace().tables.duckdb.connect().execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert left == []


def test_a_changed_sentence_gets_a_version_and_a_reformatted_one_does_not(running: Project) -> None:
    path = running.folder.path / "segments" / "reference.yaml"
    path.write_text(SEGMENTS.replace("where: did order_completed", "where: did   order_completed"))
    assert states(running, NOW, apply=True)["segments"] == "skipped"
    path.write_text(SEGMENTS.replace("in last 7 days", "in last 5 days"))
    assert states(running, NOW, apply=True)["segments"] == "done"
    assert {one.name: one.version for one in running.segments()} == {"buyers": 1, "recent": 2, "lapsed": 1, "big": 1}
    assert users(running, "recent") == ["ada"]


def test_a_removed_segment_loses_everybody(running: Project) -> None:
    path = running.folder.path / "segments" / "reference.yaml"
    path.write_text("".join(line for line in SEGMENTS.splitlines(keepends=True) if "big" not in line))
    list(running.run(NOW, apply=True))
    assert ("big", "left", "dan") in log(running)
    with pytest.raises(UnknownNameError, match="big"):
        running.members("big")


def test_late_events_count_as_if_they_had_come_in_time(running: Project, write_lines: WriteLines) -> None:
    running.ingest(write_lines("late.jsonl", [order("cid", 9, days_ago=1)]))
    list(running.run(NOW))
    assert users(running, "recent") == ["ada", "bob", "cid"]


def test_a_merge_makes_one_member_of_two(running: Project, write_lines: WriteLines) -> None:
    tablet = {**order("", 10, days_ago=1), "userId": None, "anonymousId": "tablet"}
    running.ingest(write_lines("tablet.jsonl", [tablet]))
    list(running.run(NOW))
    assert running.status().people == 5
    link = {"type": "identify", "userId": "dan", "anonymousId": "tablet", "messageId": "l", "timestamp": "2026-02-28"}
    running.ingest(write_lines("link.jsonl", [link]))
    list(running.run(NOW))
    assert running.status().people == 4
    assert users(running, "recent") == ["ada", "bob", "dan"]
    causes = [row["cause"] for row in running._workspace().tables.read("membership_log").to_pylist()]
    assert "merged" in causes


def test_scores_are_traits_that_rules_can_use(running: Project) -> None:
    assert running.preview("rfm_recency >= 4 and orders = 1", NOW).size == 1, "the latest of four"
    assert running.preview('rfm_cell = "lost" or rfm_cell exists', NOW).size == 4
    assert running.preview("historic_clv in top 25%", NOW).sample == running.preview("historic_clv = 100", NOW).sample


def test_named_cells_are_those_the_project_declares(running: Project) -> None:
    scores = running.folder.path / "scores" / "reference.yaml"
    cells = """
    cells:
      - {name: fresh, label: {en: Fresh, fr: Récents}, scores: [{recency: [4, 5]}]}
      - {name: stale, label: {en: Stale, fr: Anciens}, scores: [{recency: [1, 3]}]}
"""
    text = scores.read_text()
    weights = "    weights: {recency: 1, frequency: 1, monetary: 1}"
    scores.write_text(text.replace(weights, weights + cells))
    assert states(running, NOW)["score rfm"] == "done"
    assert running.preview('rfm_cell = "fresh"', NOW).size == 1
    assert running.preview('rfm_cell = "stale"', NOW).size == 3
    scores.write_text(text.replace(weights, weights + cells.replace("[1, 3]", "[1, 2]")))
    with pytest.raises(DefinitionError, match="no RFM cell covers"):
        states(running, NOW)


FRENCH = """\
segments:
  - {name: acheteurs, where: a fait order_completed}
  - {name: récents, where: nombre de order_completed dans les 7 derniers jours >= 1}
  - {name: endormis, where: 'dans le segment "acheteurs" et pas dans le segment "récents"'}
"""


def test_a_french_project_is_written_and_read_in_french(running: Project) -> None:
    settings = running.folder.settings
    settings.write_text(settings.read_text() + "language: fr\n")
    (running.folder.path / "segments" / "reference.yaml").write_text(FRENCH)
    list(running.run(NOW, apply=True))
    assert users(running, "endormis") == ["cid", "dan"]
    assert running.segments()[1].sentence == "nombre de order_completed dans les 7 derniers jours >= 1"
    assert running.preview("jours depuis le dernier order_completed < 7", NOW).size == 2
    assert running.explain("endormis", "cid").holds
    with pytest.raises(RuleError, match="order_completed"):
        running.preview("nombre de order_complete >= 1")


def test_campaign_periods_are_the_projects_and_a_change_of_theirs_is_a_change(running: Project) -> None:
    settings, text = running.folder.settings, running.folder.settings.read_text()
    rule = "segments: [{name: sale, where: did order_completed in period winter_sale}]"
    (running.folder.path / "segments" / "reference.yaml").write_text(rule)
    settings.write_text(text + "periods: {winter_sale: {from: 2026-02-20, to: 2026-02-24}}\n")
    list(running.run(NOW, apply=True))
    assert users(running, "sale") == ["bob"], "bob ordered on 23 February"
    settings.write_text(text + "periods: {winter_sale: {from: 2026-02-20, to: 2026-02-27}}\n")
    assert states(running, NOW, apply=True)["segments"] == "done"
    assert users(running, "sale") == ["ada", "bob"]
    log_before = log(running)
    running.rebuild()
    assert log(running) == log_before


def test_a_cart_is_abandoned_at_the_moment_when_the_time_to_order_has_run_out(
    shop: Project, write_lines: WriteLines
) -> None:
    cart = {
        "type": "track",
        "event": "Add To Cart",
        "messageId": "c",
        "userId": "eve",
        "timestamp": "2026-02-20T10:00:00Z",
    }
    shop.ingest(write_lines("events.jsonl", [cart, order("eve", 1, days_ago=90), order("ada", 2)]))
    list(shop.run("2026-02-21T09:59:59Z"))
    assert users(shop, "cart_abandoners") == []
    list(shop.run("2026-02-21T10:00:00Z"))
    assert users(shop, "cart_abandoners") == ["eve"]
    list(shop.run("2026-02-27T10:00:01Z"))
    assert users(shop, "cart_abandoners") == [], "nobody stays abandoned for ever"


def test_a_run_before_the_last_one_is_refused(running: Project) -> None:
    with pytest.raises(UsageError, match="--at"):
        list(running.run(NOW - DAY))


def test_explanations_show_the_value_and_the_threshold(running: Project) -> None:
    explanation = running.explain("big", "cid")
    assert not explanation.holds
    assert str(explanation.value) == "30"
    assert [str(one) for one in explanation.thresholds] == ["40"]
    assert running.explain("lapsed", "cid").parts[0].holds
    with pytest.raises(UnknownNameError, match="person"):
        running.explain("big", "nobody")


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("count of order_complete >= 1", 'did you mean "order_completed"'),
        ("sum of order_completed.totl > 1", 'did you mean "total"'),
        ("histric_clv > 1", 'did you mean "historic_clv"'),
        ('in segment "recnt"', 'did you mean "recent"'),
    ],
)
def test_an_unknown_name_is_underlined_and_the_nearest_proposed(running: Project, sentence: str, said: str) -> None:
    with pytest.raises(RuleError) as caught:
        running.preview(sentence)
    assert said in str(caught.value)
    assert "^" in str(caught.value)


def test_a_segment_in_a_circle_is_refused_with_the_path(running: Project) -> None:
    (running.folder.path / "segments" / "circle.yaml").write_text(
        'segments: [{name: one, where: in segment "two"}, {name: two, where: in segment "one"}]'
    )
    with pytest.raises(DefinitionError, match=r"one.*two|two.*one"):
        list(running.run(NOW))


def test_a_project_of_a_newer_version_is_refused(shop: Project) -> None:
    shop.folder.settings.write_text("format: 2\nname: shop\n")
    with pytest.raises(Exception, match="newer Kohort") as caught:
        shop.status()
    assert type(caught.value).__name__ == "ProjectError"


def test_an_empty_project_runs_and_says_what_it_waits_for(shop: Project) -> None:
    outcomes = {one.step: one.detail for one in shop.run(NOW)}
    assert "needs order_completed" in outcomes["score rfm"]
    assert "needs add_to_cart" in outcomes["segment cart_abandoners"]
    assert [one.size for one in shop.segments()] == [None] * 11


def test_without_as_of_the_clock_decides(shop: Project, write_lines: WriteLines, clock: SettableClock) -> None:
    shop.ingest(write_lines("events.jsonl", [order("ada", 1, days_ago=3)]))
    assert shop.preview("count of order_completed in last 7 days >= 1").size == 1
    clock.advance(5 * DAY)
    assert shop.preview("count of order_completed in last 7 days >= 1").size == 0


def test_a_project_cannot_be_made_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Exception, match="not empty"):
        Project.create(tmp_path)
