"""Where texts stand among millions, by numbers made of them that stand in files: few are hashed to look a few up.

A number is no proof, so that each text found is compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
Rows = NDArray[np.int32]

NONE: Final = -1
"""The place of a text that is not there."""
_FACTOR: Final = np.uint64(0x100000001B3)
_LOOKED_AT: Final = 64


@dataclass(frozen=True)
class TextIndex:
    """Texts, the numbers made of them, in order, and which text each of those is of; `find` is for distinct ones.

    >>> index = TextIndex.of(pa.array(["eve", "ada", "bob"]))
    >>> index.find(pa.array(["ada", "dan", "eve"])).tolist()
    [1, -1, 0]
    >>> sorted(TextIndex.of(pa.array(["ada", "bob", "ada"])).holding("ada"))
    [0, 2]
    """

    texts: pa.StringArray
    numbers: Numbers
    rows: Rows

    @staticmethod
    def of(texts: pa.StringArray) -> "TextIndex":
        """Return the index of texts, none of them null, made now."""
        numbers = numbers_of(texts)
        rows = np.argsort(numbers).astype(np.int32)
        return TextIndex(texts, numbers[rows], rows)

    def find(self, wanted: pa.StringArray) -> NDArray[np.int64]:
        """Return the place of each text that is wanted, `NONE` for one that is not there."""
        # A twentieth of a second that only who looks something up should pay.
        import pyarrow.compute as pc  # noqa: PLC0415

        numbers = numbers_of(wanted)
        found = np.full(len(wanted), NONE, np.int64)
        at = np.searchsorted(self.numbers, numbers)
        left = np.arange(len(wanted))
        while True:
            left = left[at[left] < len(self.numbers)]
            left = left[self.numbers[at[left]] == numbers[left]]
            if not len(left):
                return found
            rows = self.rows[at[left]]
            equal = pc.equal(self.texts.take(pa.array(rows)), wanted.take(pa.array(left)))
            same = np.asarray(equal, np.bool_)
            found[left[same]] = rows[same]
            left = left[~same]
            at[left] += 1

    def holding(self, text: str) -> Iterator[int]:
        """Yield the places of one text, which may stand several times."""
        number = numbers_of(pa.array([text], pa.string()))[0]
        place = int(np.searchsorted(self.numbers, number))
        while place < len(self.numbers) and self.numbers[place] == number:
            row = int(self.rows[place])
            if self.texts[row].as_py() == text:
                yield row
            place += 1


def numbers_of(texts: pa.StringArray) -> Numbers:
    """Return a number for each text, of its length and first bytes, eight at a time as FNV-1a has them one by one.

    It is that of the text alone, whatever others are asked for.

    >>> bool(numbers_of(pa.array(["ada"]))[0] == numbers_of(pa.array(["ada", "a longer one"]))[0])
    True
    """
    if not len(texts):
        return np.zeros(0, np.uint64)
    _, ends, data = texts.buffers()
    edges = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    content = np.frombuffer(data if data is not None and data.size else b"\0", np.uint8)
    lengths = np.diff(edges)
    longest = min(int(lengths.max()), _LOOKED_AT)
    bytes_of = np.zeros((len(texts), -(-longest // 8) * 8), np.uint8)
    if (lengths == longest).all():
        bytes_of[:, :longest] = content[edges[0] : edges[-1]].reshape(len(texts), longest)
    else:
        for place in range(longest):
            there = np.flatnonzero(lengths > place)
            bytes_of[there, place] = content[edges[there] + place]
    numbers = lengths.astype(np.uint64)
    shortest = int(lengths.min())
    for place, word in enumerate(bytes_of.view("<u8").T):
        mixed = (numbers ^ word) * _FACTOR
        mixed ^= mixed >> np.uint64(32)
        numbers = mixed if 8 * place < shortest else np.where(8 * place < lengths, mixed, numbers)
    return numbers
