"""The process of the API and the studio: the application on uvicorn, its feed, its log.

python -m kohort.web.answering --project DIR --lifeline DESCRIPTOR --socket DESCRIPTOR [--behind-proxy]
    [--certificate FILE --key FILE]
"""

from functools import partial
from typing import Final

from kohort.clock import SystemClock
from kohort.project import Project
from kohort.web.accounts.app import mount_guarded_studio
from kohort.web.api.app import application
from kohort.web.api.feed import Feed
from kohort.web.listening import arguments, http_server, log_server, protection, serve_until_told
from kohort.web.logs import Log

_PATIENCE: Final = 20
"""The seconds that a change of segments waits for a step of the engine to end."""
_GRACE: Final = 5
"""The seconds that answers get to end when the process should; streams end at once, unless nobody reads them."""


def main() -> None:
    """Serve until told to end."""
    given = arguments()
    clock = SystemClock()
    log = Log("web", clock)
    log_server(log)
    project = Project(given.project, clock=clock, patience=_PATIENCE)
    feed = Feed(project.membership_log(), partial(log.failed, "following memberships"))

    def end() -> None:
        server.should_exit = True

    server = http_server(application(project, feed, end, mount_guarded_studio), grace=_GRACE, **protection(given))
    feed.running = lambda: not server.should_exit
    serve_until_told(server, given, log)
    log.say("stopped")


if __name__ == "__main__":
    main()
