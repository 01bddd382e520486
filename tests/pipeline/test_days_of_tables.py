"""A source that names the days by which its table is partitioned: no result is another for it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from store_desk import SEGMENTS, SOURCES, Lake, everything, insert, project_of

from kohort.errors import ProjectError
from kohort.project import Project

ANEW = "kohort_anew"
MOMENTS = ("2026-01-10T00:30", "2026-01-10T01:30", "2026-01-20T00:00", "2026-03-20T00:00")
FEW = {name: SEGMENTS[name] for name in ("buyers", "spenders", "above", "quiet", "last")}
FAR_EAST, FAR_WEST = timedelta(hours=14), timedelta(hours=-12)
MIDNIGHT = datetime(2026, 1, 10, tzinfo=UTC)


def row(number: int, at: datetime, loaded: datetime, *, ahead: timedelta = timedelta(), **days: date | None) -> Any:
    """Return an order, its days those of a zone that is `ahead` of UTC."""
    found = {"no": number, "client": number % 7 + 1, "ordered_at": at, "amount": number, "loaded": loaded}
    found |= {"ordered_on": (at + ahead).date(), "loaded_on": (loaded + ahead).date()}
    return {**found, **days}


def batches() -> list[list[dict[str, Any]]]:
    """Return what is loaded before each moment: about midnights, in zones far and near."""
    found = []
    for place, moment in enumerate(MOMENTS):
        loaded = datetime.fromisoformat(moment).replace(tzinfo=UTC) - timedelta(hours=1)
        found.append([
            row(100 * place + 10 * number + hour, MIDNIGHT + timedelta(days=place, hours=hour - 3), loaded, ahead=ahead)
            for number, ahead in enumerate((FAR_WEST, timedelta(), FAR_EAST))
            for hour in range(7)
        ])  # fmt: skip
    return found


def project(folder: Path, lake: Lake, schema: str = "kohort", *, days: bool, zoned: bool = True) -> Project:
    (source,) = (one for one in SOURCES if one["name"] == "orders")
    time: dict[str, str] = {"column": "ordered_at"} if zoned else {"column": "ordered_at", "time_zone": "Asia/Tokyo"}
    cursor: str | Mapping[str, str] = "loaded"
    if days:
        time["day"], cursor = "ordered_on", {"column": "loaded", "day": "loaded_on"}
    properties = {"total": "amount"}
    source = {**source, "store": "warehouse", "time": time, "cursor": cursor, "properties": properties}
    return project_of(folder, sources=[source], segments=FEW, kind=lake.kind, schema=schema)


def sold(lake: Lake, rows: Sequence[dict[str, Any]], *, zoned: bool = True) -> None:
    with lake.open() as store:
        kind = "timestamptz" if zoned else "timestamp"
        store.run(
            "CREATE TABLE IF NOT EXISTS shop.partitioned (no bigint, client integer, ordered_at "
            f"{kind}, amount numeric(18,9), loaded {kind}, ordered_on date, loaded_on date)",
            [],
        )
        store.run("DROP TABLE IF EXISTS shop.orders", [])
        store.run("ALTER TABLE shop.partitioned RENAME TO orders", [])
        insert(store, {"orders": rows})


@pytest.mark.parametrize("zoned", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_runs_that_leave_days_out_land_what_a_full_run_without_days_lands(
    lake: Lake, tmp_path: Path, *, zoned: bool
) -> None:
    on = project(tmp_path / "on", lake, days=True, zoned=zoned)
    anew = project(tmp_path / "anew", lake, ANEW, days=False, zoned=zoned)
    sold(lake, [], zoned=zoned)
    changed = []
    for at, rows in zip(MOMENTS, batches(), strict=True):
        with lake.open() as store:
            insert(store, {"orders": rows})
        outcomes = list(on.run(at, engine="warehouse"))
        assert outcomes[0].detail.endswith(" rows of shop.orders")
        list(anew.run(at, engine="warehouse", full=True))
        with lake.open() as store:
            found = everything(store)
            assert found == everything(store, ANEW)
        changed.append(found["memberships"])
    assert all(changed)
    assert changed[0] != changed[-1]


def test_a_row_whose_day_is_another_does_not_count(lake: Lake, tmp_path: Path) -> None:
    day = timedelta(days=1)
    rows = [
        row(1, MIDNIGHT, MIDNIGHT, ordered_on=(MIDNIGHT - 2 * day).date()),
        row(2, MIDNIGHT, MIDNIGHT, loaded_on=(MIDNIGHT + 2 * day).date()),
        row(3, MIDNIGHT, MIDNIGHT, ordered_on=None),
        row(4, MIDNIGHT, MIDNIGHT, ordered_on=(MIDNIGHT - day).date(), loaded_on=(MIDNIGHT + day).date()),
        row(5, MIDNIGHT, MIDNIGHT),
    ]
    on = project(tmp_path / "on", lake, days=True)
    sold(lake, rows)
    for full in (False, False, True):
        outcomes = list(on.run("2026-01-20", engine="warehouse", full=full))
        # Where the day of the load is another, the row is not even seen.
        assert outcomes[0].detail.startswith("4 rows of shop.orders, 2 left out: ")
        assert "a day that is not its time's" in outcomes[0].detail
    with lake.open() as store:
        people = {one.split("'person_id': ")[1].split(",")[0] for one in everything(store)["memberships"]}
    assert people == {"'5'", "'6'"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cursor": {"column": "no", "day": "loaded_on"}}, r'"cursor.day": the cursor "no" of shop.orders is a whole'),
        (
            {"time": {"column": "ordered_at", "day": "loaded"}},
            r'"time.day": the column "loaded" of shop.orders is (?i:timestamp)',
        ),
        ({"time": {"column": "ordered_at", "day": "order_on"}}, r'no column "order_on"; did you mean "ordered_on"'),
    ],
)
def test_what_is_wrong_with_days_is_named(lake: Lake, tmp_path: Path, changes: Mapping[str, Any], message: str) -> None:
    on = project(tmp_path / "on", lake, days=True)
    sold(lake, [])
    path = on.folder.path / "sources" / "orders.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))
    with pytest.raises(ProjectError, match=message):
        list(on.run("2026-01-20", engine="warehouse"))
