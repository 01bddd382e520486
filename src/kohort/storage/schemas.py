"""The tables of a project: names and columns are part of the public interface."""

from typing import Final

import pyarrow as pa

from kohort.definitions.values import VALUE_COLUMNS, ValueType

ARROW_TYPES: Final = {
    ValueType.NUMBER: pa.int64(),
    ValueType.TEXT: pa.string(),
    ValueType.BOOLEAN: pa.bool_(),
    ValueType.MOMENT: pa.int64(),
    ValueType.TEXT_LIST: pa.list_(pa.string()),
}
"""How a value of each type is stored: numbers as micros, moments as microseconds UTC."""


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


_TEXT, _INTEGER, _BOOLEAN, _REAL = pa.string(), pa.int64(), pa.bool_(), pa.float64()

SCHEMAS: Final[dict[str, pa.Schema]] = {
    # Property columns are added as they are met; partitioned by name, sorted by time.
    "events": _schema(event_id=_TEXT, actor_id=_TEXT, name=_TEXT, ts=_INTEGER, received_at=_INTEGER, source=_TEXT),
    # An actor is one identifier; a person is the actors that links join.
    # Other identifiers that an actor was seen with stand beside its own; `refused` ones join nobody.
    "identifiers": _schema(
        kind=_TEXT, value=_TEXT, actor_id=_TEXT, first_seen=_INTEGER, last_seen=_INTEGER, refused=_TEXT
    ),
    "links": _schema(actor_id=_TEXT, linked_actor_id=_TEXT, ts=_INTEGER, event_id=_TEXT),
    "actors": _schema(actor_id=_TEXT, person_id=_TEXT, first_seen=_INTEGER),
    "merges": _schema(actor_id=_TEXT, linked_actor_id=_TEXT, kind=_TEXT, value=_TEXT, ts=_INTEGER),
    "people_edits": _schema(
        seq=_INTEGER,
        recorded_at=_INTEGER,
        change=_TEXT,
        apart=pa.list_(_TEXT),
        rest=pa.list_(_TEXT),
        cancels=pa.list_(_INTEGER),
        reason=_TEXT,
    ),
    "settings": _schema(seq=_INTEGER, recorded_at=_INTEGER, identity=_TEXT, purposes=_TEXT),
    # What people chose, in the words of the banner; which purposes that means is a question of the settings.
    "consent_choices": _schema(
        actor_id=_TEXT,
        category=_TEXT,
        granted=_BOOLEAN,
        effective_at=_INTEGER,
        recorded_at=_INTEGER,
        source=_TEXT,
        form=_TEXT,
        proof=_TEXT,
        event_id=_TEXT,
    ),
    # Keyed by actor, so that a merge rewrites `actors` only; `removed` is a trait set to null.
    "trait_values": _schema(
        actor_id=_TEXT,
        name=_TEXT,
        value_id=_TEXT,
        set_at=_INTEGER,
        recorded_at=_INTEGER,
        source=_TEXT,
        **{VALUE_COLUMNS[kind]: arrow for kind, arrow in ARROW_TYPES.items()},
        removed=_BOOLEAN,
    ),
    # The names that data have shown: an event's property with its column, or (event empty) a trait.
    "names": _schema(event=_TEXT, name=_TEXT, type=_TEXT, column=_TEXT),
    # What each application put in force (active), or took out of it. `periods` are the campaign periods, as JSON, that
    # the sentences rely on.
    "segment_versions": _schema(
        segment=_TEXT, version=_INTEGER, sentence=_TEXT, periods=_TEXT, seq=_INTEGER, active=_BOOLEAN
    ),
    "applications": _schema(
        seq=_INTEGER, recorded_at=_INTEGER, cause=_TEXT, despite=pa.list_(pa.string()), reason=_TEXT
    ),
    "epochs": _schema(seq=_INTEGER, at=_INTEGER, recorded_at=_INTEGER, statistics=_TEXT),
    "membership_log": _schema(
        seq=_INTEGER,
        segment=_TEXT,
        version=_INTEGER,
        person_id=_TEXT,
        change=_TEXT,
        effective_at=_INTEGER,
        recorded_at=_INTEGER,
        cause=_TEXT,
        corrects=_INTEGER,
    ),
    # Up to which moment memberships were kept live.
    "membership_updates": _schema(seq=_INTEGER, at=_INTEGER, recorded_at=_INTEGER, changes=_INTEGER),
    "memberships": _schema(segment=_TEXT, version=_INTEGER, person_id=_TEXT, entered_at=_INTEGER, left_at=_INTEGER),
    "segment_sizes": _schema(
        seq=_INTEGER, segment=_TEXT, version=_INTEGER, at=_INTEGER, size=_INTEGER, population=_INTEGER
    ),
    "quality_findings": _schema(
        recorded_at=_INTEGER,
        step=_TEXT,
        check=_TEXT,
        source=_TEXT,
        subject=_TEXT,
        severity=_TEXT,
        count=_INTEGER,
        share=_REAL,
        detail=_TEXT,
    ),
    # One row a load; the scores of the six dimensions, null where one could not be measured.
    "quality_loads": _schema(
        seq=_INTEGER,
        recorded_at=_INTEGER,
        source=_TEXT,
        load=_TEXT,
        at=_INTEGER,
        records=_INTEGER,
        rejected=_INTEGER,
        accepted=_INTEGER,
        repeats=_INTEGER,
        newest_at=_INTEGER,
        stopped=_BOOLEAN,
        freshness=_REAL,
        volume=_REAL,
        completeness=_REAL,
        validity=_REAL,
        uniqueness=_REAL,
        consistency=_REAL,
        reliability=_REAL,
        details=_TEXT,
    ),
    "dead_letters": _schema(
        dead_letter_id=_TEXT,
        recorded_at=_INTEGER,
        source=_TEXT,
        file=_TEXT,
        line=_INTEGER,
        field=_TEXT,
        reason=_TEXT,
        raw=_TEXT,
        replayed_at=_INTEGER,
    ),
    # By which plan what the collector received from then on is read.
    "tracking_plans": _schema(seq=_INTEGER, recorded_at=_INTEGER, document=_TEXT, time_zone=_TEXT),
    "terms": _schema(seq=_INTEGER, recorded_at=_INTEGER, holder=_TEXT, host=_TEXT),
    "models": _schema(
        seq=_INTEGER, name=_TEXT, recorded_at=_INTEGER, at=_INTEGER, verdict=_TEXT, k=_INTEGER, file=_TEXT
    ),
    "cluster_studies": _schema(
        seq=_INTEGER, recorded_at=_INTEGER, score=_TEXT, kind=_TEXT, at=_INTEGER, discovery=_TEXT, file=_TEXT
    ),
    "score_runs": _schema(seq=_INTEGER, recorded_at=_INTEGER, score=_TEXT, at=_INTEGER, file=_TEXT),
    # All training runs, and which of their models came into force by a plan; those that are live did by being made.
    "model_runs": _schema(
        seq=_INTEGER, recorded_at=_INTEGER, score=_TEXT, at=_INTEGER, file=_TEXT, entry=_TEXT, live=_BOOLEAN
    ),
    "model_promotions": _schema(
        seq=_INTEGER, recorded_at=_INTEGER, score=_TEXT, run=_INTEGER, cause=_TEXT, at=_INTEGER
    ),
    "model_drift": _schema(
        seq=_INTEGER,
        recorded_at=_INTEGER,
        score=_TEXT,
        at=_INTEGER,
        run=_INTEGER,
        file=_TEXT,
        found=pa.list_(_TEXT),
        proposed=_BOOLEAN,
    ),
    "importance_studies": _schema(seq=_INTEGER, recorded_at=_INTEGER, goal=_TEXT, at=_INTEGER, file=_TEXT),
    "value_studies": _schema(seq=_INTEGER, recorded_at=_INTEGER, score=_TEXT, at=_INTEGER, chosen=_TEXT, file=_TEXT),
    "persona_notes": _schema(seq=_INTEGER, recorded_at=_INTEGER, persona=_TEXT, by=_TEXT, text=_TEXT),
    "runs": _schema(seq=_INTEGER, step=_TEXT, recorded_at=_INTEGER, at=_INTEGER, fingerprint=_TEXT, summary=_TEXT),
}

MOMENT_COLUMNS: Final = frozenset({
    "ts", "received_at", "first_seen", "last_seen", "set_at", "recorded_at", "moment", "at", "effective_at",
    "entered_at", "left_at", "replayed_at", "newest_at",
})  # fmt: skip
"""The integer columns of `SCHEMAS` that are moments, in microseconds since 1970 UTC."""

MICRO_COLUMNS: Final = frozenset({"number"})
"""The integer columns of `SCHEMAS` that are exact decimals, in millionths."""
