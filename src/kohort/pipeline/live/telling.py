"""What has settled, as a journal record holds it: most of it column by column, corrections row by row."""

from typing import Any, Final

import numpy as np

from kohort.clock import Moment
from kohort.engines.live.changes import Changes
from kohort.engines.live.flips import Cause as Reason
from kohort.pipeline.live.corrections import Corrections
from kohort.pipeline.live.settling import keys_of
from kohort.pipeline.live.state import State
from kohort.pipeline.moving import logged_of
from kohort.pipeline.recording import said_of
from kohort.segments.membership import Cause
from kohort.storage.records import ChangesSaid
from kohort.storage.tables import Tables

_CAUSES: Final = (Cause.RULE, Cause.HISTORY, Cause.STATISTICS)


def said_live(state: State, told: Changes, known: Moment, tables: Tables) -> ChangesSaid:
    """Return what is told, after all up to the moment `known` was, as rows of the log in the order of time.

    Whose rows take others back, or are of the time before the log tells of the segments, are looked up in the log.
    """
    keys = keys_of(told)
    corrected = np.isin(keys, keys[told.retracts | (told.moments <= state.basis.since)])
    plain = _plain(state, told.of(~corrected), known)
    if not corrected.any():
        return plain
    found = state.changes(told.of(corrected), known)
    log = logged_of(tables, {one.key for one in found})
    return _merged(plain, said_of(Corrections(state.basis.since, state.begun, log).rows(found)))


def _plain(state: State, told: Changes, known: Moment) -> ChangesSaid:
    names, versions = state.basis.names, state.basis.force.versions
    late = told.moments <= known
    why = np.where(told.causes == Reason.EPOCH, 2, np.where(late, 1, 0))
    return ChangesSaid(
        names,
        [versions[name] for name in names],
        told.rules.tolist(),
        [state.people[person] for person in told.people.tolist()],
        told.enters.tolist(),
        told.moments.tolist(),
        [str(cause) for cause in _CAUSES],
        why.tolist(),
        {},
    )


def _merged(one: ChangesSaid, other: ChangesSaid) -> ChangesSaid:
    """Return the rows of both, in the order of time."""
    moments = np.array([*one.moments, *other.moments], np.int64)
    order = np.argsort(moments, kind="stable").tolist()
    columns: dict[str, list[Any]] = {
        "which": [*one.which, *(place + len(one.segments) for place in other.which)],
        "people": [*one.people, *other.people],
        "entered": [*one.entered, *other.entered],
        "moments": moments.tolist(),
        "why": [*one.why, *(place + len(one.causes) for place in other.why)],
    }
    corrects = {place + len(one.people): seq for place, seq in other.corrects.items()}
    return ChangesSaid(
        segments=[*one.segments, *other.segments],
        versions=[*one.versions, *other.versions],
        causes=[*one.causes, *other.causes],
        corrects={place: corrects[row] for place, row in enumerate(order) if row in corrects},
        **{name: [rows[row] for row in order] for name, rows in columns.items()},
    )
