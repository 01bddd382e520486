"""The trainer of the server: trains the models that were asked for, and ends when none is left.

python -m kohort.web.training --project DIR --lifeline DESCRIPTOR
"""

import os
import signal
import threading
from typing import Final

from kohort.errors import LockedError
from kohort.project import Project
from kohort.web.lifeline import STOPPING, Lifeline
from kohort.web.worker import Worker

_NICE: Final = 5
"""How much the trainer gives way to those who receive, apply and answer."""
_PATIENCE: Final = 600
"""The seconds that a model which has learnt waits for another command that writes."""
_A_LOOK: Final = 60


def main() -> None:
    """Train what was asked for; then end. Told to end, it does so at once: what is under way is interrupted."""
    worker = Worker.of_arguments("trainer")
    for one in STOPPING:
        signal.signal(one, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(worker.lifeline,), daemon=True).start()
    os.nice(_NICE)
    project, log = Project(worker.project.folder.path, clock=worker.project.clock, patience=_PATIENCE), worker.log
    log.say("started")
    try:
        project.work_on_trainings(
            lambda one: log.say(f"training {one.state}", training=one.training_id, score=one.score)
        )
    except LockedError:
        # Another server has the same folder; what was asked for is trained there.
        log.say("waiting", reason="another process trains for this folder")
        worker.lifeline.wait(_A_LOOK)
    log.say("stopped")


def _end_with(lifeline: Lifeline) -> None:
    """End this process as soon as its supervisor is gone, whatever it does."""
    while lifeline.wait(_A_LOOK):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
