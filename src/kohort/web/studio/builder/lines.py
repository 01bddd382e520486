"""Texts in the fields of a form: an empty field is a gap, so an empty text is written in quotes."""

from collections.abc import Sequence
from typing import Final

_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_QUOTE: Final = '"'


def in_field(text: str) -> str:
    """Return a text as a field holds it: in quotes where it is empty, or in quotes already.

    >>> in_field("FR"), in_field(""), in_field('"FR"')
    ('FR', '""', '""FR""')
    """
    return f'"{text}"' if not text or _is_quoted(text) else text


def of_field(field: str) -> str:
    """Return the text of a field; who writes it in quotes means what is between them.

    >>> of_field("FR"), of_field('"FR"'), of_field('""')
    ('FR', 'FR', '')
    """
    return field[1:-1] if _is_quoted(field) else field


def as_lines(texts: Sequence[str]) -> str:
    r"""Return texts, one a line; what would end a line in one of them is written behind a backslash.

    >>> as_lines(["FR", "B\nE", ""])
    'FR\nB\\nE\n""'
    """
    return "\n".join(in_field("".join(_ESCAPES.get(char, char) for char in text)) for text in texts)


def of_lines(lines: str) -> list[str]:
    r"""Return the texts of a field; empty lines are none.

    >>> of_lines('FR\r\n\nB\\nE\n""')
    ['FR', 'B\nE', '']
    """
    return [_plain(of_field(line)) for line in lines.replace("\r\n", "\n").split("\n") if line]


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == _QUOTE


def _plain(line: str) -> str:
    parts = line.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in parts)
