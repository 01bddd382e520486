"""Which messages have been stored: exact, for ever, in bounded memory.

A message is known by its source and the id that its sender gave it, hashed to 128 bits; beside stands a digest of what
it said. What is kept at once becomes a *run*: a file of rows sorted by hash, mapped into memory and never changed.
Eight runs of about one size are merged into one of the next, so that their number grows with the logarithm of that of
the messages. A *manifest* names the runs; it is replaced in one step, so an interrupted addition never was.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.errors import CorruptionError, StorageError
from kohort.storage.hashing import hashes_of
from kohort.storage.whole import write_whole

Keys = NDArray[np.uint64]
"""Hashes: rows of two halves, the higher first."""

_MANIFEST: Final = "manifest.json"
_FAN: Final = 8
_MERGED_AT_ONCE: Final = 2**20
_SIZE: Final = 16


class _Run(msgspec.Struct, frozen=True):
    """A file of three rows: higher halves (sorted), lower halves, digests."""

    name: str
    rows: int

    @property
    def tier(self) -> int:
        """Runs of one tier are of about one size."""
        return (self.rows.bit_length() - 1) // (_FAN.bit_length() - 1)


class Arrived(msgspec.Struct, frozen=True):
    """How many messages of a source were new, and how many were known before."""

    new: int = 0
    known: int = 0

    def __add__(self, other: "Arrived") -> "Arrived":
        return Arrived(self.new + other.new, self.known + other.known)


ArrivedBySource = Mapping[str, Arrived]


class _Manifest(msgspec.Struct, frozen=True):
    watermark: int = 0
    runs: list[_Run] = []
    tables: dict[str, int] = {}
    made: int = 0
    arrived: dict[str, Arrived] | None = None


def keys_of(messages: Iterable[tuple[str, str]]) -> Keys:
    """Return the hashes of messages, given by source and id.

    >>> keys_of([("web", "1"), ("web", "1"), ("app", "1")])[:, 0] == keys_of([("web", "1")])[0, 0]
    array([ True,  True, False])
    """
    return _keys(hashes_of((_start(source) + identity.encode() for source, identity in messages), _SIZE))


def keys_in(sources: pa.Array, identities: pa.Array) -> Keys:
    """Return the hashes of messages, given by columns of sources and ids: as `keys_of` does.

    >>> keys_in(pa.array(["web", "app"]), pa.array(["1", "2"])) == keys_of([("web", "1"), ("app", "2")])
    array([[ True,  True],
           [ True,  True]])
    """
    coded = sources.dictionary_encode()
    codes, keys = coded.indices.to_numpy(), np.empty((len(sources), 2), np.uint64)
    for code, source in enumerate(coded.dictionary.to_pylist()):
        places = np.flatnonzero(codes == code)
        texts = identities.take(pa.array(places)).cast(pa.binary()).to_numpy(zero_copy_only=False)
        keys[places] = _keys(hashes_of(texts, _SIZE, start=_start(source)))
    return keys


def _start(source: str) -> bytes:
    return f"{len(source)}:{source}".encode()


def _keys(hashes: bytes) -> Keys:
    return np.frombuffer(hashes, ">u8").astype(np.uint64).reshape(-1, 2)


def order_of(keys: Keys, *, in_runs: bool = False) -> NDArray[np.int64]:
    """Return where the hashes stand in order, of equal ones the first first: a stable sort, made for few equal halves.

    `in_runs` says that they are a few sorted runs, one behind the other.

    >>> order_of(np.array([[2, 0], [1, 9], [1, 3], [2, 0]], np.uint64))
    array([2, 1, 0, 3])
    """
    order = np.argsort(keys[:, 0], kind="stable" if in_runs else None)
    high = keys[order, 0]
    same = high[1:] == high[:-1]
    if same.any():
        places = np.flatnonzero(np.append(same, False) | np.append(False, same))
        its = order[places]
        order[places] = its[np.lexsort((its, keys[its, 1], keys[its, 0]))]
    return order


class SeenMessages:
    """The messages that the tables hold, and up to which journal record that is so; for the one writer.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen = SeenMessages(Path(folder))
    ...     seen.stage(keys_of([("web", "1"), ("web", "2")]), np.array([10, 20]))
    ...     seen.keep(watermark=3)
    ...     known, digests = seen.find(keys_of([("web", "2"), ("web", "3")]))
    ...     known.tolist(), digests.tolist(), seen.watermark()
    ([True, False], [20, 0], 3)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mapped: dict[str, NDArray[np.uint64]] = {}
        self._staged: list[NDArray[np.uint64]] = []
        self._settled: list[NDArray[np.uint64]] = []
        self._sealed: list[NDArray[np.uint64]] = []
        self._arrived = [dict[str, Arrived]() for _ in ("staged", "settled", "sealed")]
        self._position: int | None = None
        self._sealed_at: int | None = None
        self._sign = self._sign_of()

    def watermark(self) -> int:
        """Return the journal sequence number up to which messages are known, 0 for none."""
        return self._manifest().watermark if self._position is None else self._position

    def tables(self) -> Mapping[str, int]:
        """Return the watermarks that the tables had at the last addition."""
        return self._manifest().tables

    def arrived(self) -> ArrivedBySource | None:
        """Return what became of the messages of each source, up to the watermark on disk.

        It is None where messages were known before anybody counted; what makes the tables anew counts all.
        """
        return self._manifest().arrived

    def __len__(self) -> int:
        return sum(run.rows for run in self._manifest().runs)

    def find(self, keys: Keys) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return which messages are known, and the digest of each of those, 0 for the others."""
        found = np.zeros(len(keys), np.bool_)
        digests = np.zeros(len(keys), np.int64)
        # Sorted, neighbours look at neighbouring pages.
        order = order_of(keys)
        high, low = keys[order, 0], keys[order, 1]
        for rows in [*self._staged, *self._settled, *self._sealed, *map(self._rows, self._manifest().runs)]:
            places = np.searchsorted(rows[0], high)
            open_ = np.flatnonzero(places < rows.shape[1])
            while len(open_ := open_[rows[0][places[open_]] == high[open_]]):
                same = rows[1][places[open_]] == low[open_]
                its = open_[same]
                found[order[its]], digests[order[its]] = True, rows[2][places[its]].view(np.int64)
                # Half a hash may be shared, once in a thousand million years or so.
                open_ = open_[~same]
                places[open_] += 1
                open_ = open_[places[open_] < rows.shape[1]]
        return found, digests

    def stage(self, keys: Keys, digests: NDArray[np.int64], arrived: ArrivedBySource | None = None) -> None:
        """Know messages that are not known yet, for now, and count all that arrived; `keep` makes it last."""
        self._arrived[0] = _together(self._arrived[0], arrived or {})
        if len(keys):
            order = order_of(keys)
            rows = np.stack([keys[order, 0], keys[order, 1], digests[order].astype(np.int64).view(np.uint64)])
            _add(self._staged, rows)

    def settle(self, watermark: int) -> None:
        """Go on from a journal record, of which all is staged; `keep`, or `seal` and `keep_sealed`, make it last."""
        for rows in self._staged:
            _add(self._settled, rows)
        self._staged, self._position = [], watermark
        self._arrived[:2] = {}, _together(*self._arrived[:2])

    def seal(self) -> None:
        """Remember what is settled by now: `keep_sealed` makes this last, and nothing that comes later."""
        self._sealed, self._settled, self._sealed_at = self._settled, [], self._position
        self._arrived[1:] = {}, self._arrived[1]

    def keep_sealed(self, tables: Mapping[str, int]) -> None:
        """Make what was sealed last, and move the watermark on disk to where that was; as `keep` otherwise."""
        if self._sealed_at is not None:
            self._keep(self._sealed, self._sealed_at, tables, self._arrived[2])
            if self._sealed_at == self._position:
                self._position = None
        self._sealed, self._sealed_at, self._arrived[2] = [], None, {}

    @property
    def is_waiting(self) -> bool:
        """Whether anything settled is still to last."""
        return self._position is not None

    @property
    def staged(self) -> int:
        """How many messages are known for now only."""
        return sum(rows.shape[1] for rows in self._staged)

    def keep(self, watermark: int, tables: Mapping[str, int] | None = None) -> None:
        """Make what was staged last, and move the watermark, in one step.

        `tables` are the watermarks of the tables by then. Raises StorageError if the disk refuses: then nothing is.
        """
        arrived = _together(*self._arrived)
        self._keep([*self._sealed, *self._settled, *self._staged], watermark, tables or {}, arrived)
        self._forget_all()

    def _forget_all(self) -> None:
        self._staged, self._settled, self._sealed = [], [], []
        self._arrived = [{}, {}, {}]
        self._position = self._sealed_at = None

    def _keep(
        self, new: list[NDArray[np.uint64]], watermark: int, tables: Mapping[str, int], arrived: ArrivedBySource
    ) -> None:
        manifest = self._manifest()
        runs, made = list(manifest.runs), manifest.made
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if new:
                runs.append(self._write(made, _merged(new), sum(rows.shape[1] for rows in new)))
                made += 1
            while (crowded := _crowded(runs)) is not None:
                pieces = _merged([self._rows(run) for run in crowded])
                runs = [run for run in runs if run not in crowded]
                runs.append(self._write(made, pieces, sum(run.rows for run in crowded)))
                made += 1
            counted = None if manifest.arrived is None else _together(manifest.arrived, arrived)
            self._replace(_Manifest(watermark, runs, dict(tables), made, counted))
        except OSError as error:
            raise StorageError(
                f"could not write to {self.folder}: {error.strerror}; nothing of this is kept; "
                "free some space and run the command again"
            ) from error
        self._drop_others(runs)

    def forget_staged(self) -> None:
        """Forget what was staged since the last `keep` or `settle`."""
        self._staged.clear()
        self._arrived[0] = {}

    def look_again(self) -> bool:
        """Forget what is settled if others have written since; whether they have."""
        is_moved = self._sign != self._sign_of()
        if is_moved:
            self.forget_settled()
        return is_moved

    def forget_settled(self) -> None:
        """Forget everything that is not on disk."""
        self._forget_all()
        self._sign = self._sign_of()

    def drop(self) -> None:
        """Forget all messages; they can be learned again from the journal."""
        self._mapped.clear()
        self.forget_settled()
        if self.folder.exists():
            (self.folder / _MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(self.folder)

    def _manifest(self) -> _Manifest:
        path = self.folder / _MANIFEST
        if not path.exists():
            return _Manifest(arrived={})
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Manifest)
        except msgspec.MsgspecError as error:
            raise CorruptionError(f"{path} cannot be read: {error}; make it anew with: kohort rebuild") from error

    def _replace(self, manifest: _Manifest) -> None:
        write_whole(self.folder / _MANIFEST, msgspec.json.encode(manifest), forced=True)
        self._sign = self._sign_of()

    def _sign_of(self) -> tuple[int, int] | None:
        """Return what tells a manifest from another one; None where there is none."""
        try:
            status = (self.folder / _MANIFEST).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _rows(self, run: _Run) -> NDArray[np.uint64]:
        if run.name not in self._mapped:
            path = self.folder / run.name
            try:
                self._mapped[run.name] = np.memmap(path, np.uint64, "r", shape=(3, run.rows))
            except (OSError, ValueError) as error:
                raise CorruptionError(f"{path} is gone or cut short; make it anew with: kohort rebuild") from error
        return self._mapped[run.name]

    def _write(self, number: int, pieces: Iterable[NDArray[np.uint64]], size: int) -> _Run:
        run = _Run(f"{number:012d}.run", size)
        with (self.folder / run.name).open("wb") as file:
            start = 0
            for piece in pieces:
                for row, values in enumerate(piece):
                    file.seek((row * size + start) * values.itemsize)
                    file.write(values.tobytes())
                start += piece.shape[1]
            file.flush()
            os.fsync(file.fileno())
        return run

    def _drop_others(self, runs: Sequence[_Run]) -> None:
        kept = {run.name for run in runs} | {_MANIFEST}
        for path in self.folder.iterdir():
            if path.name not in kept:
                self._mapped.pop(path.name, None)
                path.unlink()


def _together(*counted: ArrivedBySource) -> dict[str, Arrived]:
    found: dict[str, Arrived] = {}
    for its in counted:
        for source, one in its.items():
            found[source] = found.get(source, Arrived()) + one
    return found


def _add(runs: list[NDArray[np.uint64]], rows: NDArray[np.uint64]) -> None:
    """Add a sorted run to others: those of about one size become one, so that few are looked through."""
    while runs and runs[-1].shape[1] < 2 * rows.shape[1]:
        rows = np.concatenate([*_merged([runs.pop(), rows])], axis=1)
    runs.append(rows)


def _crowded(runs: Sequence[_Run]) -> list[_Run] | None:
    """Return the runs of a tier that has as many as there may be; None if none has."""
    tiers: dict[int, list[_Run]] = {}
    for run in runs:
        its = tiers.setdefault(run.tier, [])
        its.append(run)
        if len(its) == _FAN:
            return its
    return None


def _merged(runs: Sequence[NDArray[np.uint64]]) -> Iterator[NDArray[np.uint64]]:
    """Yield the rows of sorted runs in order, a bounded number at a time: hashes are spread evenly."""
    parts = -(-sum(run.shape[1] for run in runs) // _MERGED_AT_ONCE)
    borders = np.array([part * 2**64 // parts for part in range(1, parts)], np.uint64)
    ends = [[0, *np.searchsorted(run[0], borders).tolist(), run.shape[1]] for run in runs]
    for part in range(parts):
        rows = np.concatenate([run[:, its[part] : its[part + 1]] for run, its in zip(runs, ends, strict=True)], axis=1)
        yield rows[:, order_of(rows[:2].T, in_runs=True)]
