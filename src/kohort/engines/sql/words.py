"""Answers as they come from a store, in words of bits, as one set of people for each criterion."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kohort.engines.plan import Bits
from kohort.engines.sql.statements import Word

Integers = NDArray[np.signedinteger]


def unpacked(words: Sequence[Word], people: Integers, numbers: Integers, answers: Integers, size: int) -> list[Bits]:
    """Return for whom of `size` people each criterion of `words` holds, in the order of the criteria.

    Row i says that of person `people[i]` the word `numbers[i]` is `answers[i]`; all are of shape (rows,). Of whoever
    has no row for a word, its answers are known.

    >>> word = Word("orders", (0, 1), known=0b10)
    >>> none, some = unpacked([word], np.array([2]), np.array([0]), np.array([0b01]), 3)
    >>> none.tolist(), some.tolist()
    ([4], [3])
    """
    # Most stores give one word after another.
    if np.any(numbers[1:] < numbers[:-1]):
        order = np.argsort(numbers.astype(np.int16), kind="stable")
        people, answers = people[order], answers[order]
    ends = np.cumsum(np.bincount(numbers, minlength=len(words)))
    found: dict[int, Bits] = {}
    for word, begin, end in zip(words, [0, *ends], ends, strict=False):
        octets = answers[begin:end].astype("<i8", copy=False).view(np.uint8).reshape(-1, 8)
        # One octet of the word at a time: what is scattered over all people is small.
        for first in range(0, len(word.criteria), 8):
            everybodys = np.full(size, word.known >> first & 255, dtype=np.uint8)
            everybodys[people[begin:end]] = octets[:, first // 8]
            for place, criterion in enumerate(word.criteria[first : first + 8]):
                found[criterion] = np.packbits(everybodys & np.uint8(1 << place), bitorder="little")
    return [found[criterion] for criterion in sorted(found)]
