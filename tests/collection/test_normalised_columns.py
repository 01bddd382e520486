"""The same values are read the same from every kind of file, and what cannot be kept is not lost."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from collection_desk import Desk, Outcome

from kohort.collection.batches import summed
from kohort.collection.ingestion import Ingestion, read_file
from kohort.definitions.normalisation import Status
from kohort.definitions.source import source_definition_of
from kohort.definitions.tracking import TrackingPlan
from kohort.errors import UsageError
from kohort.quality.normalisation.kinds import Normalisers

SOURCE = """\
name: crm
files: "crm*"
person: id
time: {at: 2014-03-28}
traits:
  tel: {column: tel, as: phone}
  born: {column: born, as: date, order: day first}
  size: {column: size, as: quantity, unit: cm}
"""


def opened(path: Path) -> Ingestion:
    return read_file(
        path,
        sources=[source_definition_of(yaml.safe_load(SOURCE), "sources/crm.yaml")],
        source=None,
        plan=TrackingPlan(),
        zone=ZoneInfo("UTC"),
        received_at=1,
        normalisers=Normalisers("EUR", "FR"),
    )


def read(path: Path) -> Outcome:
    return Outcome().add(opened(path))


def told(found: Outcome) -> dict[str, dict[str, object]]:
    return {one.user_id: {**one.values.texts, **one.values.numbers, **one.values.moments} for one in found.messages}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


BORN = 11_059_200_000_000  # 9 May 1970


def test_a_csv_has_texts(desk: Desk) -> None:
    path = desk.write(
        "crm.csv", 'id,tel,born,size\nada,06 12 34 56 78,09/05/1970,"1,75 m"\nbob,0612345678,1970-05-09,175\n'
    )
    assert told(read(path)) == {
        "ada": {
            "tel": "+33612345678", "tel.raw": "06 12 34 56 78", "born": BORN, "born.raw": "09/05/1970",
            "size": 175_000_000, "size.raw": "1,75 m",
        },
        "bob": {"tel": "+33612345678", "tel.raw": "0612345678", "born": BORN, "size": 175_000_000},
    }  # fmt: skip


def test_json_lines_have_numbers_that_are_exact_and_values_of_other_types(desk: Desk) -> None:
    path = desk.write(
        "crm.jsonl",
        '{"id": "ada", "tel": 612345678, "born": 19700509, "size": 1.234e2}\n'
        '{"id": "bob", "tel": {"home": 1}, "born": null, "size": 1e999999}\n'
        '{"id": "cid", "tel": ["0612345678"], "born": true, "size": "1.234"}\n',
    )
    assert told(read(path)) == {
        "ada": {"tel": "+33612345678", "tel.raw": "612345678", "born": BORN, "size": 123_400_000},
        "bob": {"tel.raw": '{"home":1}', "size.raw": "1e999999"},
        "cid": {"tel.raw": '["0612345678"]', "born.raw": "true", "size": 1_234_000},
    }


def test_parquet_has_columns_of_a_type(desk: Desk) -> None:
    path = desk.folder / "crm.parquet"
    table = pa.table({
        "id": ["ada", "bob"],
        "tel": pa.array([612345678, None], pa.int64()),
        "born": pa.array([date(1970, 5, 9), date(1970, 5, 10)]),
        "size": pa.array([1.234, float("nan")]),
    })  # fmt: skip
    pq.write_table(table, path)
    assert told(read(path)) == {
        "ada": {"tel": "+33612345678", "tel.raw": "612345678", "born": BORN, "size": 1_234_000},
        "bob": {"born": BORN + 86_400_000_000, "size.raw": "nan"},
    }
    moments = pa.array([datetime(1970, 5, 9, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    exact = pa.array([Decimal("1.234")], pa.decimal128(10, 3))
    pq.write_table(pa.table({"id": ["ada"], "tel": ["0612345678"], "born": moments, "size": exact}), path)
    assert told(read(path))["ada"]["born"] == BORN
    assert told(read(path))["ada"]["size"] == 1_234_000


def test_a_text_that_cannot_be_kept_makes_a_dead_letter(desk: Desk) -> None:
    path = desk.write("crm.csv", "id,tel,born,size\nada,{},,\nbob,0\x001,,\ncid,0612345678,,\n".format("0" * 40_000))
    found = read(path)
    assert [one.user_id for one in found.messages] == ["cid"]
    assert [(one.line, one.field) for one in found.rejected] == [(2, "tel"), (3, "tel")]
    assert "0" * 40_000 in found.rejected[0].raw


def test_counts_of_all_stretches_add_up(desk: Desk) -> None:
    path = desk.write("crm.csv", "id,tel,born,size\n" + "".join(f"{one},0612345678,,x\n" for one in range(60_000)))
    counted = summed(tally for batch in opened(path) for tally in batch.tallies)
    assert {one.name: dict(one.statuses) for one in counted} == {
        "tel": {Status.REPAIRED: 60_000},
        "born": {Status.EMPTY: 60_000},
        "size": {Status.FLAGGED: 60_000},
    }


def test_a_source_that_normalises_needs_what_does_it(desk: Desk) -> None:
    path = desk.write("crm.csv", "id,tel,born,size\n")
    with pytest.raises(UsageError, match=r'the source "crm" normalises values \(sources/test.yaml\), and no'):
        desk.read(path, SOURCE)
