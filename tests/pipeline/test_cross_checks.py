"""Checks over the tables, from files to findings."""

import csv
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from kohort.clock import DAY, HOUR
from kohort.errors import DefinitionError, UnknownNameError
from kohort.pipeline.results import StepOutcome
from kohort.project import Project
from kohort.storage.records import Finding
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

WriteRows = Callable[[str, Sequence[Sequence[object]]], Path]

CRM = """
name: crm
files: "crm*.csv"
person: id
time: {at: 2026-01-01}
traits: {mail: mail, sex: sex, number: number, spent: {column: spent, type: number}}
"""
SHOP = """
name: shop
files: "shop*.csv"
person: id
time: {at: 2026-01-02}
traits: {email: email, sex: sex, customer: customer, paid: {column: paid, type: number}}
"""
ORDERS = """
name: NAME
files: "NAME*.csv"
person: id
time: at
key: number
event: EVENT
properties: {number: number, total: {column: total, type: number}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "shop", clock=SettableClock(NOW))


@pytest.fixture
def rows(tmp_path: Path) -> WriteRows:
    def write(name: str, content: Sequence[Sequence[object]]) -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(content)
        return path

    return write


def declare(project: Project, name: str, text: str) -> None:
    (project.folder.path / "sources" / f"{name}.yaml").write_text(text, encoding="utf-8")


def found(project: Project, *checks: str) -> list[Finding]:
    """Return what the step of quality has found; the steps behind it have no part in it."""
    with closing(cast("Generator[StepOutcome]", project.run())) as steps:
        assert any(one.step == "quality" and one.state == "done" for one in steps)
    return [one for one in project.findings() if one.check in checks]


def test_two_sources_are_compared_on_the_people_and_on_a_number(shop: Project, rows: WriteRows) -> None:
    comparing = "compare: [{with: crm, on: HOW, values: [{email: mail}, sex, {paid: spent}]}]\n"
    declare(shop, "crm", CRM)
    declare(shop, "shop", SHOP + comparing.replace("HOW", "person"))
    crm = [[f"p{place}", f"p{place}@x.fr", "f", place, 10] for place in range(20)]
    mine = [
        [f"p{place}", f"P{place}@x.fr" if place < 2 else f"p{place}@x.fr", "f", place, 10] for place in range(1, 21)
    ]
    mine[5][2], mine[6][4] = "m", 14
    shop.ingest(rows("crm.csv", [["id", "mail", "sex", "number", "spent"], *crm]))
    shop.ingest(rows("shop.csv", [["id", "email", "sex", "customer", "paid"], *mine]))
    said = found(shop, "missing in another source", "sources disagree")
    assert [(one.check, one.source, one.subject, one.count) for one in said] == [
        ("missing in another source", "shop", "crm", 1),
        ("missing in another source", "crm", "shop", 1),
        ("sources disagree", "shop", "crm: email", 1),
        ("sources disagree", "shop", "crm: sex", 1),
        ("sources disagree", "shop", "crm: paid", 1),
    ]
    assert "1 differ in case, accents or blanks alone" in said[2].detail
    assert "the largest difference is 4" in said[4].detail
    declare(shop, "shop", SHOP + comparing.replace("HOW", "{customer: number}"))
    shop.ingest(rows("shop_2.csv", [["id", "email", "sex", "customer", "paid"], ["p99", "p99@x.fr", "f", 99, 1]]))
    by_number = found(Project(shop.folder.path, clock=SettableClock(NOW + HOUR)), "missing in another source")
    assert [(one.source, one.count, one.detail) for one in by_number] == [
        ("shop", 2, "2 of 21 (9.5 %) values of customer of shop are not in crm"),
        ("crm", 1, "1 of 20 (5.0 %) values of customer of crm are not in shop"),
    ]


def test_the_orders_of_two_sources_are_compared_on_their_number(shop: Project, rows: WriteRows) -> None:
    declare(shop, "web", ORDERS.replace("NAME", "web").replace("EVENT", "order_completed"))
    comparing = "compare: [{with: web, on: number, values: [total]}]\n"
    declare(shop, "erp", ORDERS.replace("NAME", "erp").replace("EVENT", "order_booked") + comparing)
    head = ["id", "at", "number", "total"]
    shop.ingest(rows("web.csv", [head, *([f"p{n}", "2026-02-01", f"A{n}", 10 + n] for n in range(10))]))
    shop.ingest(rows("erp.csv", [head, *([f"p{n}", "2026-02-02", f"A{n}", 10 + n + (n == 3)] for n in range(8))]))
    said = found(shop, "missing in another source", "sources disagree")
    assert [(one.source, one.subject, one.count, one.severity) for one in said] == [
        ("web", "erp", 2, "warning"),
        ("erp", "web: total", 1, "warning"),
    ]


@pytest.mark.parametrize(
    ("comparing", "message"),
    [
        ("{with: crmm, on: person}", 'did you mean "crm"'),
        ("{with: crm, on: person, values: [{email: mial}]}", 'did you mean "mail"'),
    ],
)
def test_a_comparison_with_what_nobody_declares_is_refused(
    shop: Project, rows: WriteRows, comparing: str, message: str
) -> None:
    declare(shop, "crm", CRM)
    declare(shop, "shop", f"{SHOP}compare: [{comparing}]\n")
    shop.ingest(rows("crm.csv", [["id", "mail", "sex", "number", "spent"], ["p", "p@x.fr", "f", 1, 1]]))
    with pytest.raises(UnknownNameError, match=message):
        found(shop)


def test_a_source_is_held_against_populations(shop: Project, rows: WriteRows) -> None:
    references = """
reference:
  - {trait: sex, shares: {f: 52, m: 48}}
  - {trait: spent, bands: [5, 20], shares: [1, 2, 1]}
  - {trait: number, file: numbers.csv}
  - {trait: nobody_has, shares: {a: 1, b: 1}}
"""
    declare(shop, "crm", CRM + references)
    (shop.folder.path / "numbers.csv").write_text("number,people\n1,100\n2,300\n")
    people = [[f"p{n}", "", "f" if n % 10 else "m", 1 + (n % 4 > 0) + (n == 0) * 9, (n % 4) * 7] for n in range(400)]
    shop.ingest(rows("crm.csv", [["id", "mail", "sex", "number", "spent"], *people]))
    said = found(shop, "bias of a source")
    assert [(one.subject, one.severity) for one in said] == [("sex", "warning"), ("spent", "info"), ("number", "info")]
    assert "90.0 % of its 400 people are f" in said[0].detail
    assert said[2].detail.endswith("1 have no number that the population has")
    (shop.folder.path / "numbers.csv").write_text("number,people\n1,many\n")
    shop.ingest(rows("crm_2.csv", [["id", "mail", "sex", "number", "spent"], ["q", "", "f", 1, 1]]))
    with pytest.raises(DefinitionError, match=r"numbers\.csv has no category and share in each line"):
        found(shop)


def test_errors_of_tagging_are_found(shop: Project, rows: WriteRows) -> None:
    (shop.folder.path / "tracking.yaml").write_text(
        "events: {order_completed: {after: cart_viewed}, cart_viewed: {}}\n", encoding="utf-8"
    )
    without_total = ORDERS.replace(", total: {column: total, type: number}", "")
    for name, event in (("web", "order_completed"), ("carts", "cart_viewed")):
        declare(shop, name, without_total.replace("NAME", name).replace("EVENT", event))
    start = NOW - 56 * DAY
    orders = [[f"p{n}", iso(start + n * HOUR), f"o{n}"] for n in range(56 * 24)]
    carts = [[f"p{n}", iso(start + n * HOUR - HOUR // 2), f"c{n}"] for n in range(56 * 24 - 72)]
    shop.ingest(rows("web.csv", [["id", "at", "number"], *orders]))
    shop.ingest(rows("carts.csv", [["id", "at", "number"], *carts, ["last", iso(NOW - HOUR), "c9999"]]))
    said = found(shop, "impossible order", "broken order", "sudden silence")
    assert [(one.check, one.subject, one.count) for one in said] == [
        ("sudden silence", "cart_viewed", 23),
        ("impossible order", "order_completed after cart_viewed", 72),
        ("broken order", "order_completed after cart_viewed", 72),
    ]
    assert "57.1 % of 168 people had cart_viewed before order_completed" in said[2].detail


def test_what_is_declared_anew_is_looked_at_though_no_data_came(shop: Project, rows: WriteRows) -> None:
    declare(shop, "crm", CRM)
    shop.ingest(
        rows("crm.csv", [["id", "mail", "sex", "number", "spent"], *([f"p{n}", "", "f", 1, 1] for n in range(9))])
    )
    assert found(shop, "bias of a source") == []
    declare(shop, "crm", CRM + "reference: [{trait: sex, shares: {f: 52, m: 48}}]\n")
    assert [one.subject for one in found(Project(shop.folder.path, clock=SettableClock(NOW)), "bias of a source")] == [
        "sex"
    ]


def test_a_source_of_files_is_known_up_to_its_newest_event_and_one_without_end_up_to_now(
    shop: Project, rows: WriteRows
) -> None:
    declare(shop, "web", ORDERS.replace("NAME", "web").replace("EVENT", "order_completed"))
    start = NOW - 58 * DAY
    orders = [[f"p{n % 50}", iso(start + n * HOUR), f"o{n}", 5] for n in range(56 * 24)]
    shop.ingest(rows("web.csv", [["id", "at", "number", "total"], *orders]))
    assert found(shop, "sudden silence") == []
    (shop.folder.path / "sources" / "web.yaml").unlink()  # now what came could have come over HTTP
    later = Project(shop.folder.path, clock=SettableClock(NOW + HOUR))
    assert [(one.source, one.count) for one in found(later, "sudden silence")] == [("web", 24)]
