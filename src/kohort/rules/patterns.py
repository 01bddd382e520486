"""Which regular expressions are RE2: decided when a rule is read, so that no engine meets another.

What is accepted is the part of RE2 that people use (https://github.com/google/re2/wiki/Syntax): it has no back
references and no looking around, so it is matched in time linear in the text. Accepted patterns mean the same in
every RE2; how long they may be is bounded too, since RE2 refuses what needs too much memory.
"""

import re
from typing import Final

from kohort.errors import RefusalError, shorten

LONGEST_PATTERN: Final = 500
MOST_REPEATED: Final = 100
_DEEPEST: Final = 16

_ATOM: Final = re.compile(
    r"\\[dDwWsSbBAz]|\\[!-/:-@\[-`{-~]|\\[ntrfav]|\\x[0-7][0-9a-fA-F]|[^\\()\[\]*+?{}|]", re.DOTALL
)
_CLASS: Final = re.compile(r"\[\^?(?:\\[dDwWsS]|\\[!-/:-@\[-`{-~]|\\[ntr]|\[:\^?[a-z]+:\]|[^\\\[\]])+\]", re.DOTALL)
_POSIX: Final = re.compile(r"\[:\^?([a-z]+):\]")
_POSIX_NAMES: Final = frozenset(
    ("alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper")
) | {"word", "xdigit"}
_RANGE: Final = re.compile(r"(\\?.)-(\\?.)", re.DOTALL)
_OPEN: Final = re.compile(r"\((?:\?(?:[ims]+|[ims]*):)?")
_FLAGS: Final = re.compile(r"\(\?[ims]+\)")
_TIMES: Final = re.compile(r"(?:[*+?]|\{(\d{1,4})(?:,(\d{0,4}))?\})\??")


def check_pattern(pattern: str) -> None:  # noqa: C901 - one branch for each kind of thing that a pattern is made of
    r"""Raise DefinitionError, saying what to write instead, if `pattern` is outside RE2 or too long.

    >>> check_pattern(r"^AB-\d{4}(-x)?$")
    >>> check_pattern(r"(?=x)")
    Traceback (most recent call last):
        ...
    kohort.errors.RefusalError: a regular expression has no (?=: only (…) and (?:…) are groups
    """
    if len(pattern) > LONGEST_PATTERN:
        raise RefusalError("the regular expression is longer than {most} characters", most=LONGEST_PATTERN)
    if "\0" in pattern:
        raise RefusalError("a regular expression cannot hold the character NUL")
    depth, position = 0, len(flags[0]) if (flags := _FLAGS.match(pattern)) else 0
    factors = [1]
    repeatable = False
    while position < len(pattern):
        rest = pattern[position:]
        if rest[0] == "(":
            depth += 1
            if depth > _DEEPEST:
                raise RefusalError("the regular expression is nested more than {most} deep", most=_DEEPEST)
            length, repeatable = _opened(pattern, position), False
        elif rest[0] == ")":
            depth -= 1
            if depth < 0:
                raise RefusalError("the regular expression closes a group that was never opened; write \\)")
            length, repeatable = 1, True
        elif rest[0] == "|":
            length, repeatable = 1, False
        elif times := _TIMES.match(pattern, position):
            if not repeatable:
                raise RefusalError(
                    "{times} repeats nothing here; write \\{sign} for the sign",
                    times=times[0],
                    sign=rest[0],
                )
            factors.append(_times(times))
            length, repeatable = len(times[0]), False
        else:
            length, repeatable = _atom(pattern, position), True
        position += length
    if depth:
        raise RefusalError("the regular expression opens a group that it never closes")
    _check_repeats(factors)


def _opened(pattern: str, position: int) -> int:
    opened = _OPEN.match(pattern, position)
    if opened is None or (opened[0] == "(" and pattern[position + 1 : position + 2] == "?"):
        shown = shorten(pattern[position : position + 3])
        raise RefusalError("a regular expression has no {shown}: only (…) and (?:…) are groups", shown=shown)
    return len(opened[0])


def _atom(pattern: str, position: int) -> int:
    if pattern[position] == "[":
        found = _CLASS.match(pattern, position)
        if found is None:
            raise RefusalError("the regular expression has a [ that is not closed, or holds what RE2 refuses")
        _check_class(found[0])
        return len(found[0])
    found = _ATOM.match(pattern, position)
    if found is None:
        shown = shorten(pattern[position : position + 2])
        raise RefusalError("{shown} is outside RE2, the regular expressions of this language", shown=shown)
    return len(found[0])


def _check_class(text: str) -> None:
    unknown = [name for name in _POSIX.findall(text) if name not in _POSIX_NAMES]
    if unknown:
        raise RefusalError("[:{name}:] is no class of characters; write [:alpha:] or [:digit:]", name=unknown[0])
    inside = _POSIX.sub("", text[1:-1].removeprefix("^"))
    for low, high in _RANGE.findall(inside):
        backwards = low.removeprefix("\\") > high.removeprefix("\\")
        if (len(low) > 1 and low[1].isalnum()) or (len(high) > 1 and high[1].isalnum()) or backwards:
            raise RefusalError("{low}-{high} is no range of characters", low=shorten(low), high=shorten(high))
    if "-" in _RANGE.sub("", inside).strip("-"):
        raise RefusalError("a - inside […] stands first, last, or as \\-")


def _times(times: re.Match[str]) -> int:
    if times[1] is None:
        return 1
    low, high = int(times[1]), int(times[2] or times[1])
    if low > high or high > MOST_REPEATED:
        raise RefusalError("{times} is no number of times from 0 to {most}", times=times[0], most=MOST_REPEATED)
    return max(1, high)


def _check_repeats(factors: list[int]) -> None:
    product = 1
    for factor in factors:
        product *= factor
    if product > MOST_REPEATED * 10:
        raise RefusalError("the regular expression repeats more than {most} times in all", most=MOST_REPEATED * 10)
