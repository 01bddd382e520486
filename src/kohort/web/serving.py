"""`kohort serve`: each part of the server as a process of its own, started again when it dies."""

import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from kohort.activation.signatures import check_secrets
from kohort.clock import MINUTE, SECOND, Clock, Moment
from kohort.errors import UsageError
from kohort.governance.accounts import welcome_address
from kohort.project import Project
from kohort.storage.secrets import secret_of
from kohort.web.lifeline import STOPPING, Lifeline
from kohort.web.logs import Log, collector_name

_LOOK: Final = 0.2
"""The seconds between two looks at the processes."""
_LONGEST_PAUSE: Final = 30 * SECOND
_GRACE: Final = 30
"""The seconds that a process gets to end by itself."""
_BACKLOG: Final = 2_048


@dataclass(frozen=True)
class ServeOptions:
    """Where to listen, and how it is protected: by TLS of its own, or by a proxy before it that ends TLS.

    The collector has `port`, the API `api_port`.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_port: int = 8001
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False

    def address(self, port: int) -> str:
        """Return how a browser on this machine reaches a port.

        >>> ServeOptions().address(8001), ServeOptions("::", certificate=Path("c"), key=Path("k")).address(443)
        ('http://127.0.0.1:8001', 'https://localhost:443')
        """
        host = "localhost" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - where it listens already
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def check_safe(options: ServeOptions, write_keys: int) -> None:
    """Raise UsageError for a start that would expose events, or that nobody could use.

    >>> check_safe(ServeOptions(), write_keys=1)
    >>> check_safe(ServeOptions(host="0.0.0.0"), write_keys=1)
    Traceback (most recent call last):
    kohort.errors.UsageError: 0.0.0.0 can be reached by others, and what they send would travel in the clear; give ...
    """
    if (options.certificate is None) != (options.key is None):
        raise UsageError("TLS needs both: --tls-certificate FILE and --tls-key FILE")
    if not (_is_loopback(options.host) or options.certificate or options.behind_proxy):
        raise UsageError(
            f"{options.host} can be reached by others, and what they send would travel in the clear; give "
            "--tls-certificate and --tls-key, or --behind-proxy if a proxy before it ends TLS"
        )
    if write_keys == 0:
        raise UsageError("no write key exists, so nobody could send anything; make one with: kohort keys create")


def serve_project(project: Project, options: ServeOptions, welcome: Callable[[str], None]) -> None:
    """Serve a project until SIGTERM or SIGINT; raises UsageError for a start that is unsafe, or that cannot be.

    As long as nobody has an account that lets them in, `welcome` is told the link by which the first admin comes in.
    """
    now = project.clock.now()
    keys = project.keys.list()
    check_safe(options, sum(one.kind == "write" and one.state(now) == "active" for one in keys))
    # A secret that is missing is told now, not by a process that dies again and again.
    project.webhooks()
    check_secrets(project.journeys, secret_of)
    kafka = project.settings.kafka
    if kafka is not None and kafka.login is not None:
        secret_of(kafka.login.password)
    _Server(project, options, project.clock, Log("server", project.clock), welcome).run()


@dataclass
class _Process:
    """One of the server's processes, started once it is `wanted`, and when it may be again after it died.

    One that `ends` does so by itself when it has done what it was wanted for.
    """

    name: str
    command: Sequence[str]
    descriptors: Sequence[int]
    wanted: Callable[[], object] = lambda: True
    ends: bool = False
    running: subprocess.Popen[bytes] | None = None
    started: Moment = 0
    pause: int = 0
    next_start: Moment = 0
    starts: int = 0


@dataclass
class _Server:
    """Starts the processes, keeps them alive, and ends them in order: who trains first, who delivers last."""

    project: Project
    options: ServeOptions
    clock: Clock
    log: Log
    welcome: Callable[[str], None]

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; raises UsageError if the address cannot be used."""
        self.project.keep_up()
        self.project.trainings.wake()
        # What collectors have counted is of one server's life.
        shutil.rmtree(self.project.folder.collectors, ignore_errors=True)
        lifeline, held = os.pipe()
        # A signal that is heard by a pipe waits for no lock, which who is interrupted may hold.
        asked = Lifeline(lifeline)
        asked.stop_on_signals()
        given = self.options
        with self._listening(given.port, "--port") as listening, self._listening(given.api_port, "--api-port") as api:
            host, port = listening.getsockname()[:2]
            processes = self._processes(listening.fileno(), api.fileno(), lifeline)
            self.log.say("serving", host=host, port=port, api_port=api.getsockname()[1])
            link = self.project.accounts.first_link()
            if link is not None:
                self.welcome(welcome_address(given.address(api.getsockname()[1]), link))
            try:
                while asked.wait(_LOOK):
                    for process in processes:
                        self._look_after(process)
            finally:
                for process in processes:
                    self._end(process)
                os.close(held)
                os.close(lifeline)
        self.log.say("stopped")

    def _listening(self, port: int, option: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.options.host else socket.AF_INET
        try:
            listening = socket.create_server(
                (self.options.host, port), family=family, backlog=_BACKLOG, reuse_port=False
            )
        except OSError as error:
            address = f"{self.options.host}:{port}"
            raise UsageError(f"cannot listen on {address}: {error.strerror}; choose another with {option}") from error
        listening.setblocking(False)
        return listening

    def _processes(self, listening: int, api: int, lifeline: int) -> list[_Process]:
        common = ["--project", str(self.project.folder.path), "--lifeline", str(lifeline)]
        options = []
        if self.options.behind_proxy:
            options.append("--behind-proxy")
        if self.options.certificate and self.options.key:
            options += ["--certificate", str(self.options.certificate), "--key", str(self.options.key)]
        module = [sys.executable, "-m", "kohort.web"]
        journeys = partial(self.project.folder.definitions, "journeys")
        asked = self.project.folder.training_asked.exists
        kafka = self.project.settings.kafka
        many = self.project.settings.collect.processes
        publisher = _Process("publisher", [*module, "kohort.web.publishing", *common], [lifeline])
        collecting = [*module, "kohort.web.collecting", *common, *options, "--socket", str(listening)]
        return [
            # The first to end: it would take the processor from those who still write and apply.
            _Process("trainer", [*module, "kohort.web.training", *common], [lifeline], asked, ends=True),
            *(
                _Process(collector_name(number, many), [*collecting, "--number", str(number)], [listening, lifeline])
                for number in range(1, many + 1)
            ),
            _Process("engine", [*module, "kohort.web.engine", *common], [lifeline]),
            _Process(
                "web", [*module, "kohort.web.answering", *common, *options, "--socket", str(api)], [api, lifeline]
            ),
            _Process("deliverer", [*module, "kohort.web.delivering", *common], [lifeline], journeys),
            *([publisher] if kafka is not None and kafka.memberships is not None else []),
        ]

    def _look_after(self, process: _Process) -> None:
        now = self.clock.now()
        if process.running is not None:
            code = process.running.poll()
            if code is None:
                return
            lived = now - process.started
            process.pause = _pause_after(lived, process.pause)
            process.running, process.next_start = None, now + process.pause
            if process.ends and code == 0:
                process.next_start = now
                return
            self.log.say("died", name=process.name, code=code, again_in=process.pause // SECOND)
        # Of a clock that was set back the pause is not what is still to wait.
        if process.wanted() and not now < process.next_start <= now + process.pause:
            # Who is asked to end while it is still loading hears of it once it listens.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
            process.running = subprocess.Popen(  # noqa: S603 - our own modules
                process.command, pass_fds=process.descriptors, start_new_session=True
            )
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            process.started = now
            process.starts += 1

    def _end(self, process: _Process) -> None:
        if process.running is None:
            return
        process.running.terminate()
        try:
            process.running.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.log.say("killed", name=process.name)
            process.running.kill()
            process.running.wait()


def _pause_after(lived: int, pause: int) -> int:
    """Return how long to wait before a process that died is started again: longer only if it dies as it starts.

    >>> _pause_after(2 * MINUTE, SECOND), _pause_after(2 * SECOND, SECOND), _pause_after(SECOND // 2, SECOND)
    (0, 1000000, 2000000)
    """
    if lived > MINUTE:
        return 0
    return SECOND if lived > max(pause, SECOND) else min(max(2 * pause, SECOND), _LONGEST_PAUSE)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
