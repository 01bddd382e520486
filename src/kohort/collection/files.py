"""Opening a file: its kind by content, gzip or not, text by numbered lines."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from kohort.errors import InputError, did_you_mean


class FileKind(StrEnum):
    """What a file is."""

    CSV = "CSV"
    PARQUET = "Parquet"
    JSON_LINES = "JSON lines"


LONGEST_LINE: Final = 512 * 1024
"""The most bytes of one line; a batch of messages has at most about as many (500 KB)."""

_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_PEEK: Final = 64 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_KIND_BY_SUFFIX: Final = {
    ".parquet": FileKind.PARQUET,
    ".pq": FileKind.PARQUET,
    ".csv": FileKind.CSV,
    ".tsv": FileKind.CSV,
    ".txt": FileKind.CSV,
    ".jsonl": FileKind.JSON_LINES,
    ".ndjson": FileKind.JSON_LINES,
    ".json": FileKind.JSON_LINES,
}


class Line(NamedTuple):
    """One line of a file: its number from 1, its bytes with the line's end, and whether it was cut for its length."""

    number: int
    data: bytes
    cut: bool


def named_kind(path: Path) -> FileKind | None:
    """Return the kind that a file's name promises, ".gz" aside; None if its name says nothing.

    >>> str(named_kind(Path("orders.csv.gz")))
    'CSV'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return _KIND_BY_SUFFIX.get(suffixes[-1]) if suffixes else None


def kind_of(path: Path) -> FileKind:
    """Return what a file is by its first bytes.

    Raises InputError for a file that is missing, empty, of no kind that Kohort reads, or not what its name says.
    """
    start = _start(path)
    promised = named_kind(path)
    if start.startswith(_PARQUET):
        found = FileKind.PARQUET
    elif b"\0" in start.partition(b"\n")[0] or promised is FileKind.PARQUET:
        expected = f"a {promised} file, as its name says" if promised else "a CSV, JSON lines or Parquet file"
        hint = "; UTF-16 text must be saved as UTF-8" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
        raise InputError(f"{path}: expected {expected}, but its first bytes are {start[:4]!r}{hint}")
    elif promised is FileKind.JSON_LINES:
        _check_json_lines(path, start)
        found = FileKind.JSON_LINES
    else:
        found = FileKind.JSON_LINES if start.lstrip().startswith(b"{") and promised is None else FileKind.CSV
    if found is FileKind.PARQUET and promised not in {None, found}:
        raise InputError(f"{path}: expected {promised}, as its name says, but it is a Parquet file; rename it")
    return found


def text_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a text file, gzip or not, without its byte order mark.

    A line of more than 512 KB is cut there and marked. Raises InputError if a gzip file is damaged.
    """
    with reading(path), _open(path) as stream:
        number, data = 1, stream.readline(LONGEST_LINE).removeprefix(_BYTE_ORDER_MARK)
        while data:
            cut = len(data) >= LONGEST_LINE - len(_BYTE_ORDER_MARK) and not data.endswith(b"\n")
            yield Line(number, data, cut)
            rest = data
            while cut and rest and not rest.endswith(b"\n"):
                rest = stream.readline(LONGEST_LINE)
            number, data = number + 1, stream.readline(LONGEST_LINE)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the operating system or gzip raise while a file is read into InputError."""
    try:
        yield
    except FileNotFoundError as error:
        folder = path.parent
        beside = [one.name for one in folder.iterdir() if one.is_file()] if folder.is_dir() else []
        hint = f"; {did_you_mean(path.name, beside)}" if beside else ""
        raise InputError(f"no such file: {path}{hint}") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; name the files in it") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: the gzip file is damaged or cut short ({error}); fetch it again") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _check_json_lines(path: Path, start: bytes) -> None:
    lines = [line.strip() for line in start.splitlines() if line.strip()]
    if lines[0].startswith(b"[") or lines[0] == b"{" or not any(line.startswith(b"{") for line in lines):
        raise InputError(
            f"{path}: expected JSON lines, one object on each line starting with {{, but the first line starts with "
            f"{lines[0][:20]!r}; write a list of objects with one object a line"
        )


def _start(path: Path) -> bytes:
    with reading(path), _open(path) as stream:
        start = stream.read(_PEEK)
    if not start.removeprefix(_BYTE_ORDER_MARK).strip():
        raise InputError(f"{path} is empty")
    return start.removeprefix(_BYTE_ORDER_MARK)


def _open(path: Path) -> io.BufferedIOBase:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")
