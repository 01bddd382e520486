"""The deliverer of the server: sends what journeys have to say of changes of membership.

python -m kohort.web.delivering --project DIR --lifeline DESCRIPTOR
"""

from collections import Counter
from threading import Lock
from typing import Final

from kohort.activation.deliveries import State
from kohort.clock import SECOND, Clock, Moment
from kohort.errors import LockedError
from kohort.pipeline.projecting.leading import Lead
from kohort.pipeline.segments.delivering import Deliverer
from kohort.project import Project
from kohort.web.logs import Log
from kohort.web.measurements import write_families
from kohort.web.metrics import Metric
from kohort.web.worker import Failures, Worker

_PAUSE: Final = 0.5
"""The seconds between two looks at the membership log and the ledger."""
_OFTEN: Final = 5 * SECOND


class DeliveryMeasurements:
    """What became of deliveries, by journey and state; `note` listens, in any thread.

    They are written to the project's file at most every five seconds.
    """

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project, self._clock = project, clock
        self._lock, self._new = Lock(), Counter[tuple[str, str]]()
        self._written: Moment | None = None
        labels = ("journey", "state")
        self._deliveries = Metric(
            "kohort_deliveries_total", "counter", "Deliveries that came to this, and attempts that failed.", labels
        )
        self._held = Metric("kohort_deliveries", "gauge", "Deliveries that the ledger holds in each state.", labels)
        self._alive = Metric(
            "kohort_delivering_timestamp_seconds", "gauge", "When the deliverer last wrote these values."
        )

    def note(self, journey: str, state: str, number: int) -> None:
        """Count what became of deliveries."""
        with self._lock:
            self._new[(journey, state)] += number

    def counted(self) -> Counter[tuple[str, str]]:
        """Return what was noted since the last time."""
        with self._lock:
            found, self._new = self._new, Counter()
        for (journey, state), number in found.items():
            self._deliveries.add(journey, state, by=number)
        return found

    def publish(self) -> None:
        """Write all values, unless that was done just now; raises StorageError if the disk refuses."""
        now = self._clock.now()
        if self._written is not None and self._written <= now < self._written + _OFTEN:
            return
        self._written = now
        counts = self._project.ledger.counts()
        self._held.replace(((journey, str(state)), float(number)) for (journey, state), number in counts.items())
        self._alive.set(now / SECOND)
        metrics = (self._deliveries, self._held, self._alive)
        write_families(self._project.folder.delivery_measurements, [one.family() for one in metrics])


class Delivering:
    """Delivers step by step, where its folder leads; what fails is told once, and tried again at the next step."""

    def __init__(self, deliverer: Deliverer, measurements: DeliveryMeasurements, lead: Lead, log: Log) -> None:
        self._deliverer, self._measurements, self._lead, self._log = deliverer, measurements, lead, log
        self._failures = Failures(log)

    def step(self) -> None:
        """Read what is new, begin to send what is due, and tell what came of what was sent."""
        with self._failures.told():
            if self._lead.is_here():
                self._deliverer.step()
            self.tell()
            self._measurements.publish()

    def tell(self) -> None:
        """Say what came of what was sent since the last time, in numbers."""
        by_journey: dict[str, dict[str, int]] = {}
        for (journey, state), number in sorted(self._measurements.counted().items()):
            by_journey.setdefault(journey, {})[state] = number
        for journey, numbers in by_journey.items():
            self._log.say(_word_of(numbers), journey=journey, deliveries=numbers)


def _word_of(numbers: dict[str, int]) -> str:
    """Return the event of a line: that of what somebody may want to look after.

    >>> _word_of({"delivered": 3}), _word_of({"delivered": 3, "dead": 1})
    ('delivered', 'undeliverable')
    """
    return "undeliverable" if State.DEAD in numbers else "delivered"


def main() -> None:
    """Deliver until it is told to end; then end after what is under way."""
    worker = Worker.of_arguments("deliverer")
    project, lifeline, log = worker.project, worker.lifeline, worker.log
    measurements = DeliveryMeasurements(project, project.clock)
    while lifeline.wait(_PAUSE):
        try:
            with project.delivering(measurements.note) as deliverer:
                delivering = Delivering(deliverer, measurements, Lead(project.folder), log)
                log.say("started")
                while lifeline.wait(_PAUSE):
                    delivering.step()
            delivering.tell()
        except LockedError:
            continue  # a command delivers, and will soon have done so
    log.say("stopped")


if __name__ == "__main__":
    main()
