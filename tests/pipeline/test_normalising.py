"""Files whose columns declare a form: normal events and traits, what was done counted, nothing guessed or lost."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import kohort.pipeline.collection.ingest
from kohort.definitions.normalisation import Asked, Normalisation, Outcome, Status
from kohort.errors import MissingExtraError
from kohort.project import Project
from kohort.quality.normalisation.kinds import Normalise
from kohort.storage.records import Finding
from small_shop import tables_of

CRM = """\
name: crm
files: "crm*.csv"
person: id
time: {at: 2014-03-28}
traits:
  phone: {column: tel, as: phone}
  email: {column: mail, as: email}
  born: {column: born, as: date, order: day first, time_zone: UTC}
  country: {column: pays, as: country}
  spent: {column: spent, as: amount, currency: {column: devise}}
"""

ROWS = """\
id,tel,mail,born,pays,spent,devise
ada,06 12 34 56 78,Ada@Example.org,10/12/1815,Royaume-Uni,"13,7590",USD
bob,+33612345678,bob@example.org,1990-05-17,FR,10.00,EUR
cid,0033 6 12 34 56 78,not told,31/02/1990,Atlantis,free,EUR
dan,,,,,,
"""


@pytest.fixture
def crm(shop: Project, tmp_path: Path) -> tuple[Project, Path]:
    declared(shop, CRM)
    settings = shop.folder.settings
    settings.write_text(settings.read_text() + "country: FR\n")
    return shop, written(tmp_path, ROWS)


def declared(shop: Project, source: str) -> None:
    (shop.folder.path / "sources").mkdir(exist_ok=True)
    (shop.folder.path / "sources" / "crm.yaml").write_text(source)


def written(folder: Path, rows: str) -> Path:
    path = folder / "crm.csv"
    path.write_text(rows)
    return path


def counts(findings: list[Finding]) -> dict[tuple[str, str], int]:
    return {(one.subject.partition(": ")[2], one.check): one.count for one in findings}


def traits(shop: Project, *names: str) -> Mapping[str, tuple[object, ...]]:
    columns = ", ".join(f'"{name}"' for name in names)
    rows = shop.sql(f"SELECT user_id, {columns} FROM traits JOIN people USING (person_id)").to_pylist()
    return {row["user_id"]: tuple(row[name] for name in names) for row in rows}


def test_traits_are_in_normal_form_and_keep_what_was_written(crm: tuple[Project, Path]) -> None:
    shop, file = crm
    assert shop.ingest(file).accepted == 4
    assert traits(shop, "phone", "phone.raw", "country", "country.raw", "spent") == {
        "ada": ("+33612345678", "06 12 34 56 78", "GB", "Royaume-Uni", 10),
        "bob": ("+33612345678", None, "FR", None, 10),
        "cid": ("+33612345678", "0033 6 12 34 56 78", None, "Atlantis", None),
        "dan": (None, None, None, None, None),
    }
    assert shop.preview('country is missing and country.raw = "Atlantis"').size == 1


def test_what_was_done_is_counted_and_the_totals_tie_out(crm: tuple[Project, Path]) -> None:
    shop, file = crm
    found = shop.ingest(file).findings
    assert counts(found) == {
        ("tel", "normalised"): 4,
        ("tel", "repaired (international form)"): 2,
        ("mail", "normalised"): 4,
        ("mail", "repaired (case)"): 1,
        ("mail", "flagged (no e-mail address)"): 1,
        ("born", "normalised"): 4,
        ("born", "repaired (day first)"): 1,
        ("born", "flagged (no such day or time)"): 1,
        ("pays", "normalised"): 4,
        ("pays", "repaired (name)"): 1,
        ("pays", "flagged (unknown country)"): 1,
        ("spent", "normalised"): 4,
        ("spent", "repaired (decimal comma)"): 1,
        ("spent", "repaired (converted from USD)"): 1,
        ("spent", "flagged (no number)"): 1,
    }
    totals = {one.subject: (one.detail, one.share) for one in found if one.check == "normalised"}
    assert totals["crm.csv: tel"][0] == "phone: 4 values of tel as phone: 1 valid, 2 repaired, 0 flagged, 1 empty"
    assert [totals[f"crm.csv: {column}"][1] for column in ("tel", "pays")] == [1, 2 / 3]
    assert {one.severity for one in found if one.check.startswith("flagged")} == {"warning"}
    assert {one.severity for one in found if not one.check.startswith("flagged")} == {"info"}
    assert [one for one in shop.findings() if one in found] == found


def test_nobody_lacks_what_had_to_be_repaired(crm: tuple[Project, Path]) -> None:
    shop, file = crm
    shop.ingest(file)
    list(shop.run())
    missing = {one.subject for one in shop.findings() if one.check == "missing trait"}
    assert missing == {"born", "country", "email", "phone", "spent"}


def test_a_flagged_value_may_make_a_dead_letter_that_can_be_mended(crm: tuple[Project, Path]) -> None:
    shop, file = crm
    declared(shop, CRM.replace("as: country", "as: country, flagged: reject"))
    assert (shop.ingest(file).accepted, shop.ingest(file).rejected) == (3, 1)
    letter = shop.dead_letters().to_pylist()[0]
    assert (letter["line"], letter["field"]) == (4, "pays")
    assert letter["reason"] == 'line 4: expected a country (unknown country), got "Atlantis"'
    declared(shop, CRM)
    assert shop.replay() == (1, 0)
    assert traits(shop, "phone", "country.raw")["cid"] == ("+33612345678", "Atlantis")


def test_a_rebuild_reads_what_was_journaled_and_no_library(
    crm: tuple[Project, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, file = crm
    shop.ingest(file)
    before = tables_of(shop)
    monkeypatch.setattr(kohort.pipeline.collection.ingest, "normalisers_in", Different)
    shutil.rmtree(shop.folder.path / "sources")
    shop.rebuild()
    assert tables_of(shop) == before


class Different:
    """A later version of all libraries: it reads everything in another way."""

    def __init__(self, _: object) -> None: ...

    def of(self, declared: Normalisation, *_: object) -> Normalise:
        value = "different" if declared.type == "text" else 1
        return lambda asked: [self.read(one, value) for one in asked]

    def read(self, asked: Asked, value: str | int) -> Outcome:
        return Outcome(Status.REPAIRED, value, ("other rule",)) if asked.value else Outcome(Status.EMPTY)


def test_the_same_file_is_known_also_if_libraries_read_it_in_another_way(
    crm: tuple[Project, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, file = crm
    declared(shop, "\n".join(line for line in CRM.splitlines() if "born" not in line and "spent" not in line))
    shop.ingest(file)
    before = traits(shop, "phone", "email")
    monkeypatch.setattr(kohort.pipeline.collection.ingest, "normalisers_in", Different)
    again = shop.ingest(file)
    assert (again.accepted, again.known, again.rejected) == (0, 4, 0)
    assert traits(shop, "phone", "email") == before


def test_a_form_that_is_declared_later_makes_no_conflict(crm: tuple[Project, Path]) -> None:
    shop, file = crm
    text = "name: crm\nfiles: 'crm*'\nperson: id\ntime: {at: 2014-03-28}\ntraits:\n  phone: {column: tel}\n"
    declared(shop, text)
    shop.ingest(file)
    declared(shop, text.replace("column: tel", "column: tel, as: phone"))
    again = shop.ingest(file)
    assert (again.accepted, again.known, again.rejected) == (0, 4, 0)


def test_line_items_of_an_order_are_normalised_before_they_are_added(shop: Project, tmp_path: Path) -> None:
    declared(
        shop,
        """\
name: till
files: "crm*.csv"
event: order_completed
person: card
group_by: receipt
time: {column: at, as: date, order: day first}
properties:
  total: {sum: price, as: amount, currency: {column: currency}}
  countries: {distinct: origin, as: country, flagged: missing, where: {kind: food}}
""",
    )
    file = written(
        tmp_path,
        """\
receipt,card,at,price,currency,origin,kind
1,ada,28/03/2014 10:00,"12,00",EUR,France,food
1,ada,28/03/2014 10:00,"13,7590",USD,DE,food
1,ada,28/03/2014 10:00,0.50,EUR,Nowhere,care
2,bob,28/03/2014 11:00,5.00,EUR,FR,food
3,cid,28/03/2014 11:00,free,EUR,FR,food
3,cid,28/03/2014 11:00,5.00,EUR,FR,food
4,dan,soon,5.00,EUR,FR,food
""",
    )
    result = shop.ingest(file)
    assert (result.accepted, result.rejected) == (2, 2)
    columns = {row["name"]: row["column"] for row in shop.sql("SELECT * FROM names").to_pylist()}
    wanted = ", ".join(f"{columns[one]}" for one in ("total", "total.raw", "countries", "countries.raw"))
    rows = shop.sql(f"SELECT {wanted} FROM events ORDER BY total").to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (5, None, ["FR"], None),
        (22.5, ["12,00", "13,7590"], ["DE", "FR"], ["France"]),
    ]
    assert counts(result.findings)["origin", "normalised"] == 6, "only what is asked of a row counts"
    assert shop.dead_letters().num_rows == 2
    assert shop.ingest(file).known == 2


def test_a_library_that_is_missing_is_named_before_a_row_is_read(
    crm: tuple[Project, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, file = crm
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(MissingExtraError, match=r'reading phone numbers needs .* pip install "kohort\[clean\]"'):
        shop.ingest(file)
    assert shop.status().people == 0
