"""A project whose tables are written straight: people, one event with an amount, a trait, and segments in force."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from kohort.clock import DAY, parse_moment, zone_of
from kohort.project import Project
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

EVENT = "order_completed"
SEGMENTS = tuple(f"segment_{number:02d}" for number in range(20))
NOW = parse_moment("2026-11-29", zone_of("UTC"))
_SEQ = 10
_SPAN = 100
_PIECE = 1_000_000


def sentence_of(number: int) -> str:
    """Return the rule of a segment."""
    return f"count of {EVENT} in last {number + 1} days >= 1"


def someone(project: Project) -> str:
    """Return a person id."""
    found = project.sql("SELECT person_id FROM actors LIMIT 1").column("person_id").to_pylist()
    return str(found[0])


def write_project(path: Path, people: int, events: int, days: int = _SPAN) -> Project:
    """Make a project with so many people, events over so many days, and twenty segments of a tenth of the people."""
    project = Project.create(path)
    for file in (path / "segments").iterdir():
        file.unlink()
    declared = "".join(f"  - {{name: {name}, where: {sentence_of(n)}}}\n" for n, name in enumerate(SEGMENTS))
    (path / "segments" / "ours.yaml").write_text(f"segments:\n{declared}")
    settings = project.folder.settings
    settings.write_text(f"{settings.read_text()}as_of: 2026-11-29\nrevenue: {EVENT}.total\n")
    tables, chance = Tables(project.folder.tables), np.random.default_rng(1)
    ids = pa.array([f"{one:020x}" for one in chance.permutation(people)])
    # People after what they did, as ever.
    _events(tables, ids, events, chance, days)
    _people(tables, ids, chance, days)
    _memberships(tables, ids, chance)
    return project


def _people(tables: Tables, ids: pa.Array, chance: np.random.Generator, span: int) -> None:
    count = len(ids)
    seen, now = np.full(count, NOW - span * DAY), np.full(count, NOW)
    tables.append("actors", pa.table({"actor_id": ids, "person_id": ids, "first_seen": seen}), watermark=_SEQ)
    known = {
        "kind": pa.repeat("user_id", count),
        "value": pa.array([f"u{number}" for number in range(count)]),
        "actor_id": ids,
        "first_seen": seen,
        "last_seen": now,
        "refused": pa.nulls(count, pa.string()),
    }
    tables.append("identifiers", pa.table(known), watermark=_SEQ)
    names = {
        "event": [EVENT, None],
        "name": ["total", "tier"],
        "type": ["number", "number"],
        "column": ["total", "number"],
    }
    tables.append("names", pa.table(names).cast(SCHEMAS["names"]), watermark=_SEQ)
    told = {
        "actor_id": ids,
        "name": pa.repeat("tier", count),
        "value_id": ids,
        "set_at": now - DAY,
        "recorded_at": now,
        "source": pa.repeat("crm", count),
        "number": chance.integers(1, 100, count) * 1_000_000,
        "removed": pa.repeat(False, count),
    }
    schema = SCHEMAS["trait_values"]
    columns = [told[one.name] if one.name in told else pa.nulls(count, one.type) for one in schema]
    tables.append("trait_values", pa.table(columns, names=schema.names).cast(schema), watermark=_SEQ)


def _events(tables: Tables, ids: pa.Array, events: int, chance: np.random.Generator, span: int) -> None:
    pieces = max(1, events // _PIECE)
    days = span / pieces
    for piece in range(pieces):
        count = events // pieces
        first, last = (NOW - int((span - days * (piece + more)) * DAY) for more in (0, 1))
        moments = np.sort(chance.integers(first, last, count))
        rows = {
            "event_id": pa.array([f"e{piece}-{number}" for number in range(count)]),
            "actor_id": ids.take(pa.array(chance.integers(0, len(ids), count))),
            "name": pa.repeat(EVENT, count),
            "ts": moments,
            "received_at": moments,
            "source": pa.repeat("web", count),
            "total": chance.integers(1, 100, count) * 1_000_000,
        }
        tables.append("events", pa.table(rows), watermark=_SEQ + piece)


def _memberships(tables: Tables, ids: pa.Array, chance: np.random.Generator) -> None:
    size = len(ids) // 10
    held = pa.concat_tables(
        pa.table(
            {
                "segment": pa.repeat(name, size),
                "version": np.full(size, 1),
                "person_id": ids.take(pa.array(chance.choice(len(ids), size, replace=False))),
                "entered_at": chance.integers(NOW - 60 * DAY, NOW, size),
                "left_at": pa.nulls(size, pa.int64()),
            }
        )
        for name in SEGMENTS
    )
    count = len(held)
    log = {
        "seq": np.arange(count) + _SEQ * 1_000_000,
        **{name: held[name] for name in ("segment", "version", "person_id")},
        "change": pa.repeat("entered", count),
        "effective_at": held["entered_at"],
        "recorded_at": np.full(count, NOW),
        "cause": pa.repeat("rule", count),
        "corrects": pa.nulls(count, pa.int64()),
    }
    tables.append("membership_log", pa.table(log), watermark=_SEQ)
    versions = [
        {"segment": name, "version": 1, "sentence": sentence_of(n), "periods": "{}", "seq": _SEQ, "active": True}
        for n, name in enumerate(SEGMENTS)
    ]
    sizes = [
        {"seq": _SEQ, "segment": name, "version": 1, "at": NOW, "size": size, "population": len(ids)}
        for name in SEGMENTS
    ]
    epochs = [{"seq": _SEQ, "at": NOW, "recorded_at": NOW, "statistics": "{}"}]
    for name, rows in (("segment_versions", versions), ("segment_sizes", sizes), ("epochs", epochs)):
        tables.append(name, pa.Table.from_pylist(rows, schema=SCHEMAS[name]), watermark=_SEQ)
    tables.append("memberships", held, watermark=_SEQ)
