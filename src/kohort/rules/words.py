"""Names and texts as they stand in a sentence: plain where they can be, quoted and escaped where they must."""

import re
from typing import Final

from kohort.errors import RefusalError
from kohort.rules.languages import VOCABULARIES

# Words that stand alone in some language, and the first words of those that stand with others.
RESERVED: Final = frozenset(("in", "is", "of", "dans", "est", "de")).union(
    *(vocabulary.reserved for vocabulary in VOCABULARIES.values())
)

_PLAIN_EVENT: Final = re.compile(r"[^\W\d]\w*")
_PLAIN_NAME: Final = re.compile(r"[^\W\d]\w*(\.\w+)*")
_PART: Final = re.compile(r"`((?:[^`\\]|\\.)*)`|(\w+)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_UNESCAPED: Final = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "`": "`"}


def quote(text: str, mark: str) -> str:
    r"""Return `text` between two `mark`s (a double quote or a backtick), escaped so that `unquote` reads it back.

    >>> print(quote('say "hi"', '"'))
    "say \"hi\""
    """
    escaped = (
        f"\\{char}" if char in {mark, "\\"} else char if char.isprintable() else _escaped_control(char) for char in text
    )
    return mark + "".join(escaped) + mark


def unquote(quoted: str) -> str:
    r"""Return the text between the marks of `quoted`; raises DefinitionError for an escape that nobody defined.

    >>> unquote(r'"say \"hi\""')
    'say "hi"'
    """
    return _ESCAPE.sub(_unescape, quoted[1:-1])


def name_in_sentence(name: str) -> str:
    """Return a trait's or property's name, between backticks if it is not plain or is a word of the language.

    >>> name_in_sentence("address.city"), name_in_sentence("my trait"), name_in_sentence("not")
    ('address.city', '`my trait`', '`not`')
    """
    return name if _PLAIN_NAME.fullmatch(name) and not _is_reserved(name) else quote(name, "`")


def event_in_sentence(event: str, property: str | None = None) -> str:  # noqa: A002 - the language's own word
    """Return an event's name, with one of its properties behind a dot.

    >>> event_in_sentence("order_completed", "total"), event_in_sentence("v1.click")
    ('order_completed.total', '`v1.click`')
    """
    shown = event if _PLAIN_EVENT.fullmatch(event) and not _is_reserved(event) else quote(event, "`")
    return shown if property is None else f"{shown}.{name_in_sentence(property)}"


def parts_of_name(written: str) -> list[str]:
    """Return the parts of a name as written, quotes and dots resolved: the inverse of the two functions above.

    >>> parts_of_name("`Order Completed`.address.city")
    ['Order Completed', 'address', 'city']
    """
    return [match[2] if match[1] is None else unquote(f"`{match[1]}`") for match in _PART.finditer(written)]


def _is_reserved(name: str) -> bool:
    return name.partition(".")[0].lower() in RESERVED


def _escaped_control(char: str) -> str:
    code = ord(char)
    return char if code > 0xFFFF else f"\\u{code:04x}"  # noqa: PLR2004 - what four digits hold


def _unescape(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    if escape not in _UNESCAPED:
        raise RefusalError("\\{escape} means nothing; for a backslash write two: \\\\{escape}", escape=escape)
    return _UNESCAPED[escape]
