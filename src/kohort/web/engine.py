"""The engine of the server: brings the tables up with the journal in small steps, and runs what is stale on time.

python -m kohort.web.engine --project DIR --lifeline DESCRIPTOR
"""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Final

from kohort.clock import MINUTE, SECOND, Clock, Moment
from kohort.definitions.project import ProjectDefinition
from kohort.errors import LockedError
from kohort.pipeline.projecting.leading import Standing
from kohort.pipeline.schedule import is_due
from kohort.project import Project
from kohort.storage.journals import OpenJournal
from kohort.web.logs import Log
from kohort.web.measurements import EngineMeasurements
from kohort.web.worker import Failures, Worker

_PAUSE: Final = 0.02
"""The seconds between two looks at the journal, where there was nothing to do."""
_PAUSE_AFTER_FAILURE: Final = 0.05
_TICK: Final = SECOND // 2
"""How often the time alone is told to who keeps memberships up live."""
_TIDY: Final = 5 * MINUTE
"""How often small files are joined."""

_Sign = tuple[int, int] | None


class Engine:
    """Works for one project; each step holds the project's lock no longer than it writes.

    With a `standing`, it may be that another folder leads: then only the tables follow.
    """

    def __init__(
        self, project: Project, journal: OpenJournal, clock: Clock, log: Log, standing: Standing | None = None
    ) -> None:
        self._project, self._journal, self._clock, self._log = project, journal, clock, log
        self._standing = standing
        self._leads: bool | None = None
        self._applied = -1
        self._tracking: _Sign = None
        self._settings: tuple[_Sign, ProjectDefinition] | None = None
        self._arrived: Moment | None = None
        self._last_run: Moment | None = None
        self._failures = Failures(log)
        self._measurements = EngineMeasurements(
            project.folder.measurements,
            clock,
            partial(project.freshness, kept_up=True),
            project.untaken,
            project.model_alerts,
            project.training_standings,
        )
        self._stalled: tuple[str, ...] = ()
        # Compiled loops take their time to load; who is told to end meanwhile must have heard it.
        from kohort.pipeline.live.keeping import LiveMemberships  # noqa: PLC0415

        self._live = LiveMemberships()
        self._is_prepared = False
        self._tidied: Moment | None = None
        self._ticked: Moment = 0
        self.pause = 0.0
        """The seconds to wait before the next step: none where this one has done something."""

    def step(self) -> None:
        """Apply what is new, and run what is due; what fails is told once, and tried again at the next step."""
        self.pause = _PAUSE_AFTER_FAILURE
        with self._failures.told():
            self._keep_up()
            self._run_if_due()
            self._tidy_if_due()
            self._measurements.publish(self._settings_now().schedule.stalled_after)
            self._tell_stalled()

    def _keep_up(self) -> None:
        seq, tracking = self._journal.last_seq(), _sign_of(self._project.folder.tracking)
        now = self._clock.now()
        is_time = self._live.is_behind or (self._live.is_kept and not self._ticked <= now < self._ticked + _TICK)
        wants = self._standing is not None and self._standing.wants
        if seq == self._applied and tracking == self._tracking and not is_time and not wants:
            self._project.write_behind()
            self.pause = _PAUSE
            return
        self._tracking, self._ticked = tracking, now
        self._prepare()
        tally = self._project.keep_up(self._live, self._standing)
        # Not where the journal ends by now: what came meanwhile is still to apply.
        self._applied, self.pause = tally.up_to, 0.0
        self._tell_standing()
        self._measurements.applied(tally)
        if tally.applied:
            self._arrived = self._clock.now()
        if tally.applied or tally.known or tally.rejected:
            self._log.say("applied", messages=tally.applied, known=tally.known, rejected=tally.rejected)

    def _prepare(self) -> None:
        """Compile what keeps memberships up before it is needed: with the lock, nobody else could write meanwhile."""
        if self._is_prepared or not self._project.has_run:
            return
        from kohort.engines.live.preparing import prepare_loops  # noqa: PLC0415 - as above

        prepare_loops()
        self._is_prepared = True

    def _tell_standing(self) -> None:
        leads = self._standing is None or self._standing.term > 0
        if self._standing is not None and leads != self._leads:
            self._log.say("leads" if leads else "follows", term=self._standing.term)
        self._leads = leads
        self._measurements.stands(leads=leads)

    def _run_if_due(self) -> None:
        settings, now = self._settings_now(), self._clock.now()
        if not self._leads:
            self._last_run = None  # others run, and record it
        if settings.schedule.is_empty or not self._leads:
            return
        if self._last_run is None:
            self._last_run = self._project.last_run() or 0
        if self._arrived is not None:
            # What came before the clock was set back has come by now.
            self._arrived = min(self._arrived, now)
        if not is_due(settings.schedule, last=self._last_run, now=now, arrived=self._arrived, zone=settings.zone):
            return
        self._last_run = now
        states = Counter(outcome.state for outcome in self._project.run())
        self._log.say("ran", steps=dict(states))

    def _tidy_if_due(self) -> None:
        now = self._clock.now()
        if self._tidied is None or not self._tidied <= now < self._tidied + _TIDY:
            self._tidied = now
            self._project.tidy(self._live)

    def _tell_stalled(self) -> None:
        stalled = self._measurements.stalled
        for name in stalled:
            if name not in self._stalled:
                self._log.say("stalled", segment=name)
        self._stalled = stalled

    def _settings_now(self) -> ProjectDefinition:
        """Return what `kohort.yaml` says, read again only where it was written."""
        sign = _sign_of(self._project.folder.settings)
        if self._settings is None or self._settings[0] != sign:
            self._settings = sign, self._project.settings
        return self._settings[1]


def _sign_of(path: Path) -> _Sign:
    """Return what tells a file from what it was; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


def main() -> None:
    """Run the engine until it is told to end; then apply what is left."""
    import pyarrow as pa  # noqa: PLC0415 - whoever only names this module should not pay for it

    # A step deals with hundreds of rows: to hand them to other threads, on cores that others use, takes longer.
    pa.set_cpu_count(1)
    worker = Worker.of_arguments("engine")
    project, lifeline, log = worker.project, worker.lifeline, worker.log
    is_told = False
    goes_on = True
    while goes_on:
        # Whoever is told to end before it has begun applies what was received all the same.
        goes_on = lifeline.wait(_PAUSE)
        try:
            with project.engine() as standing:
                engine = Engine(project, project.open_journal(), project.clock, log, standing)
                log.say("started")
                while goes_on:
                    goes_on = lifeline.wait(engine.pause)
                    if goes_on:
                        engine.step()
                engine.step()
                project.write_behind(whole=True)
        except LockedError:
            # Another server has the same folder; this one is there if it ends.
            if not is_told:
                log.say("waiting", reason="another engine works for this folder")
            is_told = True
    log.say("stopped")


if __name__ == "__main__":
    main()
