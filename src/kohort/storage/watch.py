"""Where the debug view meets those who decide what becomes of events: files that exist while somebody watches.

A watcher leaves a file that says until when it watches; whoever decides writes lines for as long as there is one. When
the last watcher goes, everything is deleted: nothing that people sent stays here.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import msgspec

from kohort.clock import SECOND, Clock, Moment
from kohort.errors import StorageError
from kohort.storage.whole import write_whole

Writer = Literal["collector", "projection"]
What = Literal["accepted", "duplicate", "rejected", "refused", "withheld", "left out"]

_WATCHING: Final = 10 * SECOND
_FRESH: Final = SECOND
_MOST_LINES: Final = 1_000
_LARGEST: Final = 8 * 2**20


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one event: `accepted` into the tables, a `duplicate`, or `rejected` and now a dead letter.

    A request `refused` as a whole has only a reason, and so have events `withheld` for want of consent; `left out` says
    how many events too many came at once to show.
    """

    at: Moment
    what: What
    source: str = ""
    type: str = ""
    name: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    message_id: str = ""
    field: str = ""
    reason: str = ""


_SEEN: Final = msgspec.json.Decoder(Seen)


class Watch:
    """The meeting place in `folder`.

    >>> import tempfile
    >>> from kohort.testing.clock import SettableClock
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     watch = Watch(Path(folder) / "watch", SettableClock(0))
    ...     watch.write("projection", [Seen(0, "accepted")])
    ...     with watch.follow() as follower:
    ...         watch.write("projection", [Seen(0, "duplicate")])
    ...         [one.what for one in follower.read()]
    ['duplicate']
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._looked: Moment | None = None
        self._found = False

    def watched(self) -> bool:
        """Tell whether somebody watches, or did so a moment ago."""
        now = self._clock.now()
        if self._looked is None or not self._looked <= now < self._looked + _FRESH:
            self._found = any(_is_alive(path, now) for path in self._folder.glob("*.watcher"))
            self._looked = now if self._found else None
        return self._found

    def write(self, writer: Writer, seen: Sequence[Seen]) -> None:
        """Show events to whoever watches; of more than 1,000 at once, the last. Raises nothing."""
        if not seen or not self.watched():
            return
        if len(seen) > _MOST_LINES:
            note = Seen(seen[0].at, "left out", reason=f"{len(seen) - _MOST_LINES:,} events before these")
            seen = [note, *seen[-_MOST_LINES:]]
        path = self._folder / f"{writer}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            if path.exists() and path.stat().st_size > _LARGEST:
                flags |= os.O_TRUNC
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.write(b"".join(msgspec.json.encode(one) + b"\n" for one in seen))
        except OSError:
            return  # a full disk stops who has something to keep; a debug view must never stop anybody

    def follow(self) -> "Follower":
        """Return a watcher, to be entered; it sees what is decided from then on."""
        return Follower(self._folder, self._clock)


class Follower:
    """One watcher; `read` has to be called every few seconds, or nobody seems to watch."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._sign = folder / f"{os.getpid()}-{id(self)}.watcher"
        self._read: dict[Path, int] = {}

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._read = {path: path.stat().st_size for path in self._folder.glob("*.jsonl")}
            self._beat()
        except OSError as error:
            raise StorageError(f"could not watch in {self._folder}: {error.strerror}; mend its rights") from error
        return self

    def read(self) -> list[Seen]:
        """Return what was decided since the last call, oldest first."""
        self._beat()
        found = [one for path in sorted(self._folder.glob("*.jsonl")) for one in self._new(path)]
        return sorted(found, key=lambda one: one.at)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sign.unlink(missing_ok=True)
        now = self._clock.now()
        if not any(_is_alive(path, now) for path in self._folder.glob("*.watcher")):
            for path in self._folder.glob("*"):
                path.unlink(missing_ok=True)

    def _beat(self) -> None:
        # A sign that another process finds half-written would be that of nobody.
        write_whole(self._sign, str(self._clock.now()).encode(), forced=False)

    def _new(self, path: Path) -> list[Seen]:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = self._read.get(path, 0)
            # It was begun anew.
            file.seek(start if start <= size else 0)
            whole, _, rest = file.read().rpartition(b"\n")
        self._read[path] = size - len(rest)
        return [_SEEN.decode(line) for line in whole.split(b"\n") if line]


def _is_alive(path: Path, now: Moment) -> bool:
    try:
        said = path.read_text()
    except FileNotFoundError:
        return False
    return said.isdigit() and abs(now - int(said)) < _WATCHING
