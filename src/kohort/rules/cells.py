"""Whether a text is a cell of H3, Uber's hexagonal grid of the Earth: decided by its bits, without the library.

The layout of the 64 bits is that of https://h3geo.org/docs/core-library/h3Indexing/.
"""

from typing import Final

from kohort.errors import RefusalError, shorten

_DIGITS: Final = 15
_CELL_MODE: Final = 0b0_0001_000  # a reserved bit, the mode of cells, three bits that cells reserve
_FINEST: Final = 15
_BASE_CELLS: Final = 122
_PENTAGONS: Final = frozenset((4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117))
_UNUSED: Final = 7
_DELETED: Final = 1  # the direction that a pentagon lacks


def check_cell(cell: str) -> None:
    """Raise DefinitionError if `cell` is not the index of an H3 cell, 15 lower-case hexadecimal digits.

    >>> check_cell("881fb46625fffff")
    >>> check_cell("881fb46625ffff")
    Traceback (most recent call last):
        ...
    kohort.errors.RefusalError: "881fb46625ffff" is no H3 cell; one is written as 15 hexadecimal digits, such as ...
    """
    if not _is_cell(cell):
        raise RefusalError(
            '"{cell}" is no H3 cell; one is written as 15 hexadecimal digits, such as "881fb46625fffff"',
            cell=shorten(cell, 40),
        )


def cell_in_sentence(written: str) -> str:
    """Return a cell, as people write it, in its one form: without zeros in front, in lower case.

    >>> cell_in_sentence("0881FB46625FFFFF")
    '881fb46625fffff'
    """
    return written.lower().removeprefix("0")


def _is_cell(cell: str) -> bool:
    if len(cell) != _DIGITS or not all(char in "0123456789abcdef" for char in cell):
        return False
    index = int(cell, 16)
    resolution, base_cell = index >> 52 & 0xF, index >> 45 & 0x7F
    digits = [index >> 3 * (_FINEST - level) & 0b111 for level in range(1, _FINEST + 1)]
    used, unused = digits[:resolution], digits[resolution:]
    first = next((digit for digit in used if digit), 0)
    return (
        index >> 56 == _CELL_MODE
        and base_cell < _BASE_CELLS
        and all(digit != _UNUSED for digit in used)
        and all(digit == _UNUSED for digit in unused)
        and not (base_cell in _PENTAGONS and first == _DELETED)
    )
