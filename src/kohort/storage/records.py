"""The bodies of journal records, other than messages: small, typed, JSON."""

from datetime import date
from typing import Literal

import msgspec

from kohort.clock import Moment
from kohort.definitions.identity import IdentityDefinition


class Rejection(msgspec.Struct, frozen=True):
    """A dead letter: what could not be read, where it stood, and why.

    `line` counts from 1, the header of a CSV included; for Parquet it is the number of the row. `field` is the
    column, or the JSON pointer of the place. `raw` is what a replay reads again: the text of a message, or for
    rows the JSON list of all rows that belong together.
    """

    source: str
    file: str
    line: int
    field: str
    reason: str
    raw: str


class Finding(msgspec.Struct, frozen=True):
    """What a quality check found: on what, how often, how grave ("info", "warning", "error")."""

    check: str
    source: str
    subject: str
    severity: str
    count: int
    share: float | None
    detail: str


class FindingsRecorded(msgspec.Struct, frozen=True):
    """What one step found: "ingest" of a file, or the "quality" checks of a run."""

    step: str
    findings: list[Finding]


class WorstRow(msgspec.Struct, frozen=True):
    """A row of a load with its line, how many problems it has, and the first of them in words, without its values."""

    line: int
    problems: int
    reasons: list[str]


class GateSaid(msgspec.Struct, frozen=True):
    """What came of a gate: its text, "fail" or "warn", whether its condition held (None: not judged), by what."""

    gate: str
    action: str
    holds: bool | None
    value: float | None
    bound: float | None


class LoadMeasured(msgspec.Struct, frozen=True):
    """What was measured of a load: a file of a source, or what a source has sent between two runs ("run").

    `records` came, of which `rejected` could not be read and `accepted` are new; `repeats` came besides. `measures` and
    `scores` are by dimension, `reliability` is None where nothing could be measured. A load that was `stopped` brought
    nothing. `faults` counts what was wrong, by kind and field.
    """

    source: str
    load: str
    at: Moment
    records: int
    rejected: int
    accepted: int
    repeats: int
    newest: Moment | None
    stopped: bool
    measures: dict[str, float]
    scores: dict[str, float]
    reliability: float | None
    gates: list[GateSaid] = []
    worst: list[WorstRow] = []
    faults: list[tuple[str, str, int]] = []


class Replayed(msgspec.Struct, frozen=True):
    """Dead letters that a replay has taken in."""

    dead_letter_ids: list[str]


class ScoreRun(msgspec.Struct, frozen=True):
    """A run of a score: its immutable file (by hash), the moment it speaks of, the types of its traits.

    `marks` gives, for a trait of which some values were made and not told, the column of the file that says how.
    """

    score: str
    at: Moment
    file: str
    types: dict[str, str]
    marks: dict[str, str] = {}


class ModelFitted(msgspec.Struct, frozen=True):
    """A fitted model: its immutable file (by hash), the moment of the data, what was concluded."""

    name: str
    at: Moment
    file: str
    verdict: str
    k: int


class ClustersStudied(msgspec.Struct, frozen=True):
    """A study of clusters: of which `kind`, of what discovery (its file), the moment up to which it looked, its file.

    `kind` is "periods" (whether they hold over time) or "conversion" (whether they foretell what people do).
    """

    score: str
    kind: str
    at: Moment
    discovery: str
    file: str


class ModelTrained(msgspec.Struct, frozen=True):
    """A training run: the score it is for, the moment of its data, its model's immutable file, and what is told of it.

    `entry` is the immutable file of parameters, figures and the model card. A model that is `live` was put in force at
    once, by whoever asked for it; any other is a candidate until somebody promotes it.
    """

    score: str
    at: Moment
    file: str
    entry: str
    live: bool


class ModelPromoted(msgspec.Struct, frozen=True):
    """The model of a training run put in force for its score: `run` is that run's record, `scores` everybody's values.

    `cause` is "promote" or "rollback". `fitted` is the same for clusters, as those who read discoveries look for it.
    """

    score: str
    run: int
    cause: str
    scores: ScoreRun
    fitted: ModelFitted | None = None


class DriftWatched(msgspec.Struct, frozen=True):
    """A look at a model's drift: the moment of the look, the model's training run, and its immutable file.

    `found` names what has drifted; it is `proposed` to train again if there is a reason, and no candidate waits.
    """

    score: str
    at: Moment
    run: int
    file: str
    found: list[str]
    proposed: bool


class ImportanceStudied(msgspec.Struct, frozen=True):
    """A study of which variables matter for a goal: its immutable file (by hash), the moment up to which it looked."""

    goal: str
    at: Moment
    file: str


class ValueStudied(msgspec.Struct, frozen=True):
    """A study of what people will be worth: its immutable file (by hash), the moment of the data, what was chosen."""

    score: str
    at: Moment
    file: str
    chosen: str


class PersonaNoted(msgspec.Struct, frozen=True):
    """What somebody noted on a persona, which its lasting id names; `by` is the name of who did."""

    persona: str
    by: str
    text: str


class SegmentVersion(msgspec.Struct, frozen=True):
    """One segment as applied: its canonical sentence and version."""

    segment: str
    version: int
    sentence: str


class EpochClosed(msgspec.Struct, frozen=True):
    """An evaluation of all segments: its moment, and the population statistics used."""

    at: Moment
    statistics: dict[str, dict[str, int | list[int]]]


class ChangesSaid(msgspec.Struct, frozen=True):
    """Rows of the membership log, column by column, as `kohort.segments.membership.MembershipChange` tells them.

    `which` and `why` are places in `segments`, each with its version, and in `causes`. `corrects` gives the row of the
    log that one of these takes back, by its place.
    """

    segments: list[str]
    versions: list[int]
    which: list[int]
    people: list[str]
    entered: list[bool]
    moments: list[Moment]
    causes: list[str]
    why: list[int]
    corrects: dict[int, int]


class MembershipsKept(msgspec.Struct, frozen=True):
    """Who entered and left since the record before, as they were kept up live: all that was so up to the moment `at`.

    `changes` may be of later moments too. `population` is how many people there are. With `statistics` it is an epoch:
    these numbers of the population are in force from the moment on at which it was recorded.
    """

    at: Moment
    population: int
    changes: ChangesSaid
    statistics: dict[str, dict[str, int | list[int]]] | None = None


class FilePart(msgspec.Struct, frozen=True):
    """A part of an immutable file that records speak of: of the folder "scores" or "models", from a byte on.

    The file has `size` bytes. In the journal of one machine they stand beside it, and there are no such records.
    """

    folder: Literal["scores", "models"]
    name: str
    start: int
    size: int
    content: bytes


class TermBegun(msgspec.Struct, frozen=True):
    """From here on one project folder leads, whose mark is `holder`, on the machine `host`; its term is this record."""

    holder: str
    host: str


class SegmentsApplied(msgspec.Struct, frozen=True):
    """All segments in force from here on, and what was declared that their sentences may rely on.

    `declared` are properties with their types by event, `periods` the first and last day of campaign periods. `epoch`
    is their first evaluation: one record, so that definitions and members switch together (None in journals written
    before there was `kohort apply`, where the epoch follows). `cause` says what asked for it ("first run", "apply",
    "rollback"), `despite` names the guard rails that were overridden, and `reason` why. `shown` are the names that a
    store has shown to an application there, like `declared`, and traits under the empty text. A model that is
    `promoted` comes into force with the members that its scores lead to.
    """

    segments: list[SegmentVersion]
    declared: dict[str, dict[str, str]] = {}
    periods: dict[str, tuple[date, date]] = {}
    epoch: EpochClosed | None = None
    cause: str = "run"
    despite: list[str] = []
    reason: str = ""
    shown: dict[str, dict[str, str]] = {}
    promoted: ModelPromoted | None = None


class SettingsAdopted(msgspec.Struct, frozen=True):
    """The settings that the tables depend on, in force from here on: how people are told apart, what purposes mean.

    `purposes` gives for each purpose the categories of banners that speak of it.
    """

    identity: IdentityDefinition
    purposes: dict[str, tuple[str, ...]]


class PeopleEdited(msgspec.Struct, frozen=True):
    """Somebody said who is who: `change` is "merge" or "split".

    A merge makes the actors `apart` one person (none where taking back earlier splits is enough). A split keeps the
    actors `apart` from the actors `rest` for good. `cancels` are the numbers of earlier edits that are taken back.
    """

    change: Literal["merge", "split"]
    apart: tuple[str, ...]
    rest: tuple[str, ...]
    cancels: tuple[int, ...]
    reason: str


class StepRun(msgspec.Struct, frozen=True):
    """A step that ran: on which moment, from which inputs (`fingerprint`), and what came out, in words."""

    step: str
    at: Moment
    fingerprint: str
    summary: str
