"""The mapped history: the kernel engine finds in it what the SQL engine finds in the tables."""

import shutil
from pathlib import Path

import pytest

from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.sql.engine import SqlEngine
from kohort.pipeline.mapped.histories import open_history
from kohort.pipeline.mapped.mapping import Maker
from kohort.project import Project
from kohort.rules.read import read_rule
from kohort.storage.mapped import PARTIAL, MappedFolder
from kohort.storage.stores import DuckStore
from small_shop import NOW, WriteLines, iso, made_once, order

SENTENCES = (
    "did order_completed",
    "not did order_completed in last 1 day",
    "sum of order_completed.total in last 30 days >= 30",
    "mean of order_completed.total > 15",
    "distinct of order_completed.coupons = 3",
    'last of order_completed.shop = "Lyon"',
    'count of order_completed where shop starts with "P" >= 1',
    'count of order_completed where coupons includes "SPRING" >= 1',
    "count of order_completed where gift = true in last 7 days between 1 and 5",
    "days since last order_completed < 7",
    "days since first order_completed > 20",
    "last of order_completed.due >= 2026-02-20",
    'country = "FR"',
    "country is missing",
    "subscribed = true",
    "age > mean",
    'interests includes "sport"',
    "anniversary of birth_date in next 7 days",
    "sum of order_completed.total in top 40%",
    "score of count of order_completed out of 3 among everyone = 3",
    "did order_completed then order_completed within 6 days",
    "did odd_name",
)

TRACKING = """\
events:
  order_completed:
    properties: {due: moment}
traits:
  birth_date: moment
"""


@made_once
def filled(shop: Project, write_lines: WriteLines) -> Project:
    """Five people, of whom two visits turn out to be one person's, with values of every type."""
    shop.folder.tracking.write_text(TRACKING)
    lines: list[dict[str, object]] = []
    for number in range(40):
        line = order(f"u{number % 5}", number, days_ago=number * 0.9, total=number)
        line["properties"] = {
            "total": number if number % 7 else f"about {number}",
            "shop": ("Paris", "Lyon", "Pau")[number % 3],
            "gift": number % 2 == 0,
            "due": iso(NOW - number * 10**12),
            "coupons": ["SPRING", "VIP", "x"][: number % 4],
        }
        lines.append(line)
    for number, country in enumerate(("FR", "DE", None, "FR", "BE")):
        traits = {
            "country": country,
            "age": 20 + 7 * number,
            "subscribed": number % 2 == 1,
            "interests": ["sport", "art"],
        }
        if number == 3:
            traits |= {"birth_date": "1990-03-04", "interests": ["art"]}
        said = {"type": "identify", "messageId": f"i{number}", "userId": f"u{number}", "timestamp": iso(NOW - 10**12)}
        lines.append({**said, "traits": traits, "anonymousId": f"a{number % 4}"})
    lines.append(
        {"type": "track", "event": 'Odd "name"', "messageId": "odd", "anonymousId": "a2", "timestamp": iso(NOW - 5)}
    )
    shop.ingest(write_lines("events.jsonl", lines))
    return shop


def both(project: Project, sentences: tuple[str, ...]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the members of each sentence, by the mapped history and by the tables."""
    workspace = project._workspace()
    catalog = workspace.catalog()
    rules = {sentence: read_rule(sentence, catalog) for sentence in sentences}
    mapped = KernelEngine(open_history(workspace, catalog), catalog).evaluate(rules, NOW)
    with workspace.views(catalog) as views:
        stored = SqlEngine(DuckStore(views), catalog).evaluate(rules, NOW)
    assert mapped.population == stored.population
    assert mapped.statistics == stored.statistics
    return (
        {name: people.to_pylist() for name, people in mapped.members.items()},
        {name: people.to_pylist() for name, people in stored.members.items()},
    )


def test_the_mapped_history_gives_the_members_that_the_tables_give(filled: Project) -> None:
    mapped, stored = both(filled, SENTENCES)
    assert mapped == stored
    inside = {name: len(people) for name, people in mapped.items()}
    assert [name for name, size in inside.items() if not size] == []


def test_explanations_are_the_same(filled: Project) -> None:
    workspace = filled._workspace()
    catalog = workspace.catalog()
    kernel = KernelEngine(open_history(workspace, catalog), catalog)
    with workspace.views(catalog) as views:
        sql = SqlEngine(DuckStore(views), catalog)
        person = sql.evaluate({"all": read_rule("did order_completed", catalog)}, NOW).members["all"][0].as_py()
        for sentence in SENTENCES:
            rule = read_rule(sentence, catalog)
            assert kernel.explain(rule, person, NOW) == sql.explain(rule, person, NOW)


def test_files_are_made_once_and_those_of_before_stay_as_they_are(filled: Project, write_lines: WriteLines) -> None:
    mapped = filled.folder.mapped
    both(filled, SENTENCES[:1])
    first = {path: path.stat().st_mtime_ns for path in mapped.rglob("*.npy")}
    both(filled, SENTENCES[:1])
    assert {path: path.stat().st_mtime_ns for path in mapped.rglob("*.npy")} == first
    filled.ingest(write_lines("more.jsonl", [order("new", 99)]))
    found, stored = both(filled, SENTENCES[:1])
    assert found == stored
    second = {path: path.stat().st_mtime_ns for path in mapped.rglob("*.npy")}
    assert second.keys() > first.keys()
    assert {path: second[path] for path in first} == first


def test_what_comes_makes_files_for_those_alone_who_have_news(
    filled: Project, write_lines: WriteLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [order(f"v{number}", 1_000 + number, days_ago=3) for number in range(40)]
    filled.ingest(write_lines("many.jsonl", many))
    before, _ = both(filled, SENTENCES)
    assert set(before) == set(SENTENCES)
    late = [order("u1", 2_000, days_ago=500, total=7), order("v7", 2_001), order("w1", 2_002)]
    filled.ingest(write_lines("late.jsonl", late))
    monkeypatch.setattr(Maker, "rows", None)
    found, stored = both(filled, SENTENCES)
    assert found == stored
    newest = max(filled.folder.mapped.glob("*-*"), key=lambda path: path.stat().st_mtime_ns)
    assert len(MappedFolder(newest / "people").array("first_seen")) == 8  # of three people


def test_nothing_that_an_interruption_left_stays(filled: Project, write_lines: WriteLines) -> None:
    mapped = filled.folder.mapped
    both(filled, SENTENCES[:2])
    left = mapped / f"{PARTIAL}left"
    left.mkdir()
    (left / "times.npy").write_bytes(b"half")
    for number in range(5):
        filled.ingest(write_lines(f"more-{number}.jsonl", [order("new", 99 + number)]))
        found, stored = both(filled, SENTENCES[:2])
        assert found == stored
    assert not left.exists()
    assert len([path for path in mapped.iterdir() if path.is_dir()]) <= 4


def test_a_reader_keeps_what_it_has_mapped_while_others_grow_it(filled: Project, write_lines: WriteLines) -> None:
    workspace = filled._workspace()
    catalog = workspace.catalog()
    history = open_history(workspace, catalog)
    kernel, rule = KernelEngine(history, catalog), read_rule("did order_completed", catalog)
    before = kernel.evaluate({"all": rule}, NOW).members["all"].to_pylist()
    for number in range(5):
        filled.ingest(write_lines(f"more-{number}.jsonl", [order(f"new{number}", 99 + number)]))
        both(filled, SENTENCES)
    assert kernel.evaluate({"all": rule}, NOW).members["all"].to_pylist() == before


def test_deleted_files_are_made_again(filled: Project) -> None:
    before, _ = both(filled, SENTENCES)
    shutil.rmtree(filled.folder.mapped)
    after, _ = both(filled, SENTENCES)
    assert after == before


def test_two_readers_may_make_the_same_files(filled: Project, tmp_path: Path) -> None:
    workspace = filled._workspace()
    catalog = workspace.catalog()
    histories = [open_history(workspace, catalog) for _ in range(2)]
    rows = [history.blocks[0].events["order_completed"] for history in histories]
    assert rows[0].ts.tolist() == rows[1].ts.tolist()
    assert not list(filled.folder.mapped.rglob("partial-*"))
