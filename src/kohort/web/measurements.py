"""What the server's processes measure: the collector for itself, the others in files that the collector shows."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import msgspec

from kohort.clock import SECOND, Clock, Moment
from kohort.definitions.schedule import STALLED_AFTER
from kohort.errors import StorageError
from kohort.pipeline.freshness import Freshness
from kohort.pipeline.learning.registry.alerts import ModelAlert
from kohort.pipeline.learning.training.standing import TrainingStanding
from kohort.pipeline.projecting.projection import Tally
from kohort.storage.whole import write_whole
from kohort.web.access import SecretKeys, check_scope
from kohort.web.collector import Collector
from kohort.web.http import Request, Response
from kohort.web.metrics import CONTENT_TYPE, Family, Metric, exposition
from kohort.web.outcomes import Outcome
from kohort.web.training_measurements import training_families

_FAMILIES = msgspec.json.Decoder(list[Family])
_OFTEN = 5 * SECOND
_A_SECOND = 1.0
_COUNTS = ".counts.json"


class CollectorMeasurements:
    """What the collector counts; `note` listens to its outcomes."""

    def __init__(self) -> None:
        self._received = Metric(
            "kohort_events_received_total", "counter", "Events acknowledged, which are on disk.", ("source",)
        )
        self._rejected = Metric(
            "kohort_events_rejected_total", "counter", "Events refused one by one.", ("source", "code")
        )
        self._withheld = Metric(
            "kohort_events_withheld_total", "counter", "Events not stored, for want of consent.", ("source",)
        )
        self._refused = Metric("kohort_requests_refused_total", "counter", "Requests refused as a whole.", ("code",))
        self._waiting = Metric(
            "kohort_collector_waiting_bytes", "gauge", "Requests being read or written to the journal."
        )

    def note(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if outcome.received is not None:
            self._received.add(outcome.source, by=len(outcome.received.events))
        for error in outcome.errors:
            self._rejected.add(outcome.source, error.code)
        if outcome.withheld:
            self._withheld.add(outcome.source, by=outcome.withheld)
        if outcome.code:
            self._refused.add(outcome.code)

    def families(self, waiting: int) -> list[Family]:
        """Return all values now; `waiting` are the bytes of requests under way."""
        self._waiting.set(waiting)
        return [one.family() for one in (*self._counters, self._waiting)]

    def go_on(self, families: list[Family]) -> None:
        """Count on from what a process before this one has counted: its sums must not fall when it dies."""
        before = {one.name: one.values for one in families}
        for counter in self._counters:
            counter.replace(before.get(counter.family().name, []))

    @property
    def _counters(self) -> tuple[Metric, ...]:
        return self._received, self._rejected, self._withheld, self._refused


class SharedCounts:
    """What the collectors of one server have counted: each in a file of its own, which all add up when one is asked.

    Each writes its file once a second where anything has changed, and before it answers. So sums never fall, whichever
    of them is asked. Without a folder there is one collector, and nothing is written. As a context it writes meanwhile;
    `trouble` is told when the disk refuses, and the next second it is tried again.
    """

    def __init__(
        self,
        measurements: CollectorMeasurements,
        collector: Collector,
        folder: Path | None,
        number: int,
        trouble: Callable[[StorageError], None],
    ) -> None:
        self._trouble, self._writing = trouble, threading.Lock()
        self._measurements, self._collector, self._folder = measurements, collector, folder
        self._path = None if folder is None else folder / f"{number}{_COUNTS}"
        self._written: list[Family] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, daemon=True)
        if self._path is not None:
            measurements.go_on(_left_in(self._path))

    def families(self) -> list[Family]:
        """Return the values of all collectors together."""
        if self._folder is None:
            return self._now()
        self._write()
        return added([_left_in(path) for path in sorted(self._folder.glob(f"*{_COUNTS}"))])

    def __enter__(self) -> Self:
        if self._path is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._path is not None:
            self._thread.join()
            self._write()

    def _now(self) -> list[Family]:
        return self._measurements.families(self._collector.waiting.bytes)

    def _keep_writing(self) -> None:
        while not self._ended.wait(_A_SECOND):
            self._write()

    def _write(self) -> None:
        with self._writing:
            now = self._now()
            if self._path is None or now == self._written:
                return
            try:
                write_families(self._path, now)
            except StorageError as error:
                self._trouble(error)
            else:
                self._written = now


def added(each: Sequence[Sequence[Family]]) -> list[Family]:
    """Return the sums of the same measurements of several processes.

    >>> one = Family("received", "counter", "Events.", ("source",), [(("web",), 2)])
    >>> [family.values for family in added([[one], [one]])]
    [[(('web',), 4)]]
    """
    sums: dict[str, Family] = {}
    for family in (one for families in each for one in families):
        before = dict(sums[family.name].values) if family.name in sums else {}
        for labels, value in family.values:
            before[labels] = before.get(labels, 0) + value
        sums[family.name] = msgspec.structs.replace(family, values=list(before.items()))
    return list(sums.values())


class EngineMeasurements:
    """What the engine counts, written to the file `path` at most every five seconds.

    `freshness` tells how far the project is behind, given the answer before, and `untaken` how much of a topic of
    events the journal lacks, None where there is none. `models` tells how the models of scores stand, and
    `trainings` how what was asked for stands. `stalled` are the segments that were found to be so.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        freshness: Callable[[Freshness | None], Freshness],
        untaken: Callable[[], int | None],
        models: Callable[[], Sequence[ModelAlert]] = tuple,
        trainings: Callable[[], Sequence[TrainingStanding]] = tuple,
    ) -> None:
        self._models, self._trainings = models, trainings
        self._path, self._clock, self._freshness, self._count_untaken = path, clock, freshness, untaken
        self.stalled: tuple[str, ...] = ()
        self._before: Freshness | None = None
        self._written: Moment | None = None
        counted = (
            ("kohort_events_applied_total", "Events that are in the tables."),
            ("kohort_events_duplicate_total", "Events that were there already, by source and message id."),
            ("kohort_events_dead_lettered_total", "Events that became dead letters."),
        )
        self._applied, self._known, self._rejected = (Metric(name, "counter", words) for name, words in counted)
        self._behind = _gauge("kohort_journal_records_behind", "Journal records that the tables lack.")
        self._untaken = _gauge(
            "kohort_events_topic_messages_untaken",
            "Messages of the topic of events that the journal lacks; no value where collectors write to the journal.",
        )
        self._leads = _gauge(
            "kohort_engine_leads", "1 where this folder's engine leads, 0 where it follows another folder's."
        )
        self._lag = _gauge(
            "kohort_membership_lag_seconds",
            "From receipt to membership: how long the oldest event had waited when the segments were last evaluated.",
        )
        self._since = _gauge(
            "kohort_oldest_waiting_timestamp_seconds",
            "When the oldest event was received that no evaluation counts yet; no value if none waits.",
        )
        self._evaluated = _gauge(
            "kohort_segment_evaluated_timestamp_seconds", "When the segment was last evaluated.", "segment"
        )
        self._is_stalled = _gauge(
            "kohort_segment_stalled",
            "1 where the segment was not evaluated for longer than the schedule's stalled_after, else 0.",
            "segment",
        )
        self._drifted = _gauge(
            "kohort_model_drifted_features",
            "How many features, the score included, the last look at the model in force found drifted.",
            "score",
        )
        self._candidate = _gauge(
            "kohort_model_candidate_waiting", "1 where a candidate waits to be promoted, else 0.", "score"
        )
        self._alive = _gauge("kohort_engine_timestamp_seconds", "When the engine last wrote these values.")

    def applied(self, tally: Tally) -> None:
        """Count what became of messages."""
        self._applied.add(by=tally.applied)
        self._known.add(by=tally.known)
        self._rejected.add(by=tally.rejected)

    def stands(self, *, leads: bool) -> None:
        """Note whether the engine leads."""
        self._leads.set(float(leads))

    def publish(self, stalled_after: int = STALLED_AFTER) -> None:
        """Write all values, unless that was done just now; raises StorageError if the disk refuses.

        A segment that was not evaluated for longer than `stalled_after` microseconds is stalled.
        """
        now = self._clock.now()
        if self._written is not None and self._written <= now < self._written + _OFTEN:
            return
        self._look(now, stalled_after)
        self._write()
        self._written = now

    def _look(self, now: Moment, stalled_after: int) -> None:
        found = self._freshness(self._before)
        if found.lag is not None:
            self._lag.set(found.lag / SECOND)
        self._behind.set(found.behind)
        untaken = self._count_untaken()
        self._untaken.replace([] if untaken is None else [((), float(untaken))])
        waiting = [] if found.waiting_since is None else [((), found.waiting_since / SECOND)]
        self._since.replace(waiting)
        self._evaluated.replace(((name,), moment / SECOND) for name, moment in found.evaluated.items())
        self.stalled = found.stalled(now, stalled_after)
        self._is_stalled.replace(((name,), float(name in self.stalled)) for name in found.evaluated)
        models = self._models()
        self._drifted.replace(((one.score,), float(len(one.drifted))) for one in models)
        self._candidate.replace(((one.score,), float(one.candidate is not None)) for one in models)
        self._alive.set(now / SECOND)
        self._before = found

    def _write(self) -> None:
        metrics = (
            self._applied, self._known, self._rejected, self._behind, self._untaken, self._leads, self._lag,
            self._since, self._evaluated, self._is_stalled, self._drifted, self._candidate, self._alive,
        )  # fmt: skip
        families = [one.family() for one in metrics]
        write_families(self._path, [*families, *training_families(self._trainings())])


def _gauge(name: str, words: str, *labels: str) -> Metric:
    return Metric(name, "gauge", words, labels)


def write_families(path: Path, families: list[Family]) -> None:
    """Leave measurements in a file for the collector to show; raises StorageError if the disk refuses."""
    # Where the folder has gone, nobody would look for it.
    write_whole(path, msgspec.json.encode(families), forced=False, makes_folder=False)


def mount_metrics(
    collector: Collector,
    keys: SecretKeys,
    *paths: Path,
    shared: Path | None = None,
    number: int = 1,
    trouble: Callable[[StorageError], None] = lambda _: None,
) -> SharedCounts:
    """Answer `GET /metrics` to who shows a secret key with the scope metrics:read; `paths` are others' files.

    Of several collectors each has its `number`, and leaves its counts in the folder `shared`, while what is returned is
    entered.
    """
    measurements = CollectorMeasurements()
    collector.outcomes.listen(measurements.note)
    counts = SharedCounts(measurements, collector, shared, number, trouble)

    async def answer(request: Request) -> Response:
        check_scope(keys, request, "metrics:read")
        families = counts.families() + [one for path in paths for one in _left_in(path)]
        return Response(200, exposition(families), ((b"content-type", CONTENT_TYPE),))

    collector.routes.add("GET", "/metrics", answer)
    return counts


def _left_in(path: Path) -> list[Family]:
    try:
        return _FAMILIES.decode(path.read_bytes())
    except FileNotFoundError:
        return []  # it has just begun, or there is nothing to measure
