"""People joined with open data: by commune, by any trait, with what is missing counted and what is twice refused."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kohort.definitions.families import Family
from kohort.definitions.score import family_of
from kohort.errors import DefinitionError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

SCORES = """\
scores:
  - {kind: places, postal_code: postcode, town: city}
  - kind: enrichment
    name: insee
    key: commune
    file: kohort:communes
    column: code
    traits: {commune_population: {column: population, type: number}}
  - kind: enrichment
    name: incomes
    key: department
    file: open/incomes.csv
    column: dep
    delimiter: ";"
    decimal: ","
    missing: [s, nd]
    source: INSEE, Filosofi
    licence: Licence Ouverte 2.0
    date: 2021-12-31
    traits:
      area_income: {column: median, type: number}
      area_rural: {column: rural, type: boolean}
      area_since: {column: since, type: moment}
      area_label: {column: label, type: text}
  - kind: enrichment
    name: plans
    key: plan
    file: open/plans.parquet
    source: us
    licence: ours
    date: 2026-01-01
    family: firmographic
    traits: {plan_price: {column: price, type: number}}
"""
COLUMNS = "dep;median;rural;since;label"
INCOMES = f"{COLUMNS}\n35;23 080,5;false;2016-01-01;Bretagne, est\n38;s;true;;\n;1;true;;\n"
SEGMENTS = """\
segments:
  - {name: big_towns, where: commune_population > 100000}
  - {name: well_off, where: area_income >= 23000}
"""


def told() -> list[dict[str, object]]:
    people: dict[str, dict[str, object]] = {
        "ana": {"postcode": "35000", "plan": 2},
        "ben": {"postcode": "38080", "city": "L'Isle d'Abeau", "plan": 3},
        "cid": {"postcode": "38080"},
    }
    people |= {f"p{number}": {"postcode": "75011", "plan": 2} for number in range(6)}
    return [
        {"type": "identify", "messageId": person, "userId": person, "timestamp": iso(NOW - 10), "traits": traits}
        for person, traits in people.items()
    ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("enriching")
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    path = project.folder.path
    (path / "open").mkdir()
    (path / "open" / "incomes.csv").write_text(INCOMES)
    pq.write_table(pa.table({"plan": [1.0, 2.0], "price": [9.5, 19.99]}), path / "open" / "plans.parquet")
    (path / "scores" / "open.yaml").write_text(SCORES)
    (path / "segments" / "open.yaml").write_text(SEGMENTS)
    (folder / "people.jsonl").write_text("".join(json.dumps(one) + "\n" for one in told()))
    project = Project(path, clock=SettableClock(NOW))
    project.ingest(folder / "people.jsonl")
    outcomes = {one.step: one for one in project.run(NOW)}
    assert outcomes["score incomes"].state == "done"
    return project


def held(project: Project, person: str) -> dict[str, tuple[str, str]]:
    return {one.name: (str(one.value), one.mark) for one in project.traits(person)}


def test_people_have_the_values_of_their_row_marked_with_file_and_date(shop: Project) -> None:
    traits = held(shop, "ana")
    assert int(traits["commune_population"][0]) > 200_000
    assert traits["commune_population"][1] == "joined by kohort:communes of 2026-03-09"
    assert traits["area_income"] == ("23080.5", "joined by open/incomes.csv of 2021-12-31")
    assert traits["area_rural"][0] == "False"
    assert traits["area_since"][0].startswith("2016-01-01")
    assert traits["area_label"][0] == "Bretagne, est"
    assert traits["plan_price"][0] == "19.99"


def test_a_value_that_is_kept_secret_and_a_key_that_is_not_there_give_none(shop: Project) -> None:
    traits = held(shop, "ben")
    assert "area_income" not in traits
    assert traits["area_rural"][0] == "True"
    assert "plan_price" not in traits
    assert "commune_population" not in held(shop, "cid"), "only her department is known"


def test_keys_that_are_not_in_the_file_are_counted_and_named_if_many_share_them(shop: Project) -> None:
    details = {one.source: one.detail for one in shop.findings() if one.check == "joined"}
    assert details["incomes"] == (
        "6 of 9 people who tell department (66.7 %), with 1 different values, are not in open/incomes.csv, "
        "of INSEE, Filosofi as of 2021-12-31 (Licence Ouverte 2.0); most often: 75 (6)"
    )
    assert details["plans"].startswith("1 of 8 people who tell plan (12.5 %)")
    assert "most often" not in details["plans"]
    assert details["insee"].startswith("0 of 8 people who tell commune (0.0 %)")


def test_rules_ask_for_what_was_joined(shop: Project) -> None:
    assert shop.member_page("big_towns").size == 7
    assert shop.member_page("well_off").size == 1


def test_a_new_file_is_read_by_the_next_run(shop: Project) -> None:
    def state() -> str:
        again = Project(shop.folder.path, clock=SettableClock(NOW))
        return {one.step: one.state for one in again.run(NOW)}["score incomes"]

    file = shop.folder.path / "open" / "incomes.csv"
    assert state() == "skipped"
    file.write_text(INCOMES + "75;28000;false;;\n")
    try:
        assert state() == "done"
        assert held(shop, "p1")["area_income"][0] == "28000"
    finally:
        file.write_text(INCOMES)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("dep;median\n35;1\n", 'there is no column "rural"'),
        (f"{COLUMNS}\n35;1;true;;\n38;2;true;;\n35;3;true;;\n", 'line 4: the key "35" stands in line 2'),
        (f"{COLUMNS}\n35;many;true;;\n", 'line 2, field "median": "many" is no number'),
        (f"{COLUMNS}\n35;1;perhaps;;\n", 'field "rural": "perhaps" is no boolean'),
        (f"{COLUMNS}\n35;1;true;yesterday;\n", 'field "since": "yesterday" is no moment'),
        (f"{COLUMNS}\n35;1\n", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_said_with_its_line(shop: Project, content: str, said: str) -> None:
    file = shop.folder.path / "open" / "incomes.csv"
    file.write_text(content)
    try:
        if not said:
            list(Project(shop.folder.path, clock=SettableClock(NOW)).run(NOW))
            assert "area_rural" not in held(shop, "ana")
            return
        with pytest.raises(DefinitionError, match=r"open/incomes\.csv") as caught:
            list(Project(shop.folder.path, clock=SettableClock(NOW)).run(NOW))
        assert said in str(caught.value)
    finally:
        file.write_text(INCOMES)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("file: ../out.csv", "in the project's folder"),
        ("file: /etc/passwd", "in the project's folder"),
        ("traits: {plan: {column: x, type: number}}", "traits beside plan"),
        ("traits: {x: {column: x, type: list of text}}", "expected one of number, text"),
        ("decimal: x", "a point or a comma"),
        ("family: nothing", "expected one of demographic"),
        ("date: yesterday", "Invalid isoformat"),
        ("file: open/plans.txt", "there is no file"),
    ],
)
def test_what_cannot_be_declared_is_refused_by_name(shop: Project, change: str, said: str) -> None:
    fields = {
        "kind": "enrichment", "name": "wrong", "key": "plan", "file": "open/plans.parquet", "source": "us",
        "licence": "ours", "date": "2026-01-01", "traits": "{other: {column: price, type: number}}",
    }  # fmt: skip
    name, _, value = change.partition(": ")
    fields[name] = value
    file = shop.folder.path / "scores" / "wrong.yaml"
    file.write_text("scores:\n  - " + "\n    ".join(f"{key}: {text}" for key, text in fields.items()) + "\n")
    try:
        with pytest.raises(DefinitionError, match=said):
            list(Project(shop.folder.path, clock=SettableClock(NOW)).run(NOW))
    finally:
        file.unlink()


def test_what_is_joined_is_geographic_unless_another_family_is_declared(shop: Project) -> None:
    scores = {one.name: one for one in shop._workspace().scores}
    assert family_of("area_income", scores["incomes"], {}) is Family.GEOGRAPHIC
    assert family_of("plan_price", scores["plans"], {}) is Family.FIRMOGRAPHIC
    assert family_of("commune", scores["places"], {}) is Family.GEOGRAPHIC
