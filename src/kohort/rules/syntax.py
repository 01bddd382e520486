"""What went wrong in a sentence, in words that a marketer understands."""

import difflib
from typing import Final

from lark import UnexpectedInput, UnexpectedToken

from kohort.errors import RuleError, shorten
from kohort.rules.literals import Span

_LONGEST_SHOWN: Final = 160
_BEFORE_THE_PLACE: Final = 60

# For each terminal, what a person would call it; terminals with the same words are named once.
_COMPARISON: Final = "a comparison (such as >= 3, between 2 and 5, exists, in top 5%)"
_CONDITION: Final = 'a condition (such as country = "FR" or count of order_completed >= 3)'
_VALUE: Final = 'a value (a number, "text" in double quotes, true, false, or a date such as 2026-01-31)'
_WORDS: Final = {
    "OPERATOR": _COMPARISON,
    "BETWEEN": _COMPARISON,
    "EXISTS": _COMPARISON,
    "IS_MISSING": _COMPARISON,
    "IN_TOP": _COMPARISON,
    "IN_BOTTOM": _COMPARISON,
    "AGGREGATE": _CONDITION,
    "DAYS_SINCE": _CONDITION,
    "SCORE_OF": _CONDITION,
    "NOT": _CONDITION,
    "DID": _CONDITION,
    "IN_SEGMENT": _CONDITION,
    "LPAR": _CONDITION,
    "TRUE": _VALUE,
    "FALSE": _VALUE,
    "TIME": _VALUE,
    "NAME": "a name",
    "NUMBER": "a number",
    "TEXT": 'a "text" in double quotes',
    "MEAN": '"mean"',
    "SIGN": '"+ 1 std" or "- 1 std"',
    "STD": '"std"',
    "PERCENT": '"%"',
    "WHERE": '"where"',
    "IN_LAST": '"in last 7 days"',
    "UNIT": '"seconds", "minutes", "hours", "days" or "weeks"',
    "OUT_OF": '"out of 5"',
    "REVERSED": '"reversed"',
    "AND": '"and"',
    "OR": '"or"',
    "RPAR": '")"',
    "$END": "the end of the rule",
}
# What a wider phrase already says.
_SAID_BY: Final = {_CONDITION: {"NAME"}, _VALUE: {"NUMBER", "TEXT"}}
_KEYWORDS: Final = {
    "AND": ["and"],
    "OR": ["or"],
    "WHERE": ["where"],
    "BETWEEN": ["between"],
    "EXISTS": ["exists"],
    "UNIT": ["seconds", "minutes", "hours", "days", "weeks"],
    "STD": ["std"],
    "REVERSED": ["reversed"],
    "MEAN": ["mean"],
    "TRUE": ["true"],
    "FALSE": ["false"],
}
_BEFORE_OF: Final = ["count", "sum", "mean", "min", "max", "distinct", "first", "last", "score"]


def rule_error(problem: str, sentence: str, span: Span, hint: str = "") -> RuleError:
    """Return the error for the place `span` of `sentence`, of a long sentence the part around it only.

    >>> print(rule_error("expected a number", "x >= many", (5, 9)))
    expected a number
      x >= many
           ^^^^
    """
    start, end = span
    first = sentence.rfind("\n", 0, start) + 1
    last = sentence.find("\n", start)
    line = sentence[first : last if last >= 0 else len(sentence)]
    start, end = start - first, min(end - first, len(line))
    if len(line) > _LONGEST_SHOWN:
        cut = max(0, start - _BEFORE_THE_PLACE)
        line = (
            ("…" if cut else "") + line[cut : cut + _LONGEST_SHOWN] + ("…" if cut + _LONGEST_SHOWN < len(line) else "")
        )
        start, end = (position - cut + (1 if cut else 0) for position in (start, end))
    shown = "".join(char if char.isprintable() else "·" for char in line)
    return RuleError(problem, sentence=shown, start=start, end=min(end, len(shown)), hint=hint)


def syntax_error(sentence: str, error: UnexpectedInput) -> RuleError:
    """Return the error for a place that the grammar does not allow."""
    if isinstance(error, UnexpectedToken):
        token = error.token
        at_end = token.type == "$END"
        start = len(sentence) if at_end else token.start_pos or 0
        end = start + 1 if at_end else token.end_pos or start + 1
        found = "the rule ends too early" if at_end else f"{shorten(token, 40)} does not fit here"
        accepts: set[str] = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]  # always there with LALR
        hint = "" if at_end else _hint(sentence, start, str(token), accepts)
        return rule_error(f"{found}; expected {_expected(accepts)}", sentence, (start, end), hint)
    start = error.pos_in_stream or 0
    problem, hint = _unreadable(sentence[start : start + 1])
    return rule_error(problem, sentence, (start, start + 1), hint)


def _expected(accepts: set[str]) -> str:
    phrases = {_WORDS[terminal] for terminal in accepts}
    said = {_WORDS[terminal] for phrase in phrases for terminal in _SAID_BY.get(phrase, ())}
    ordered = [phrase for phrase in dict.fromkeys(_WORDS.values()) if phrase in phrases - said]
    return " or ".join([", ".join(ordered[:-1]), ordered[-1]] if len(ordered) > 1 else ordered)


def _unreadable(char: str) -> tuple[str, str]:
    match char:
        case '"' | "`":
            kind = "name" if char == "`" else "text"
            return f"the {kind} that begins here is not closed", f"end it with {char}"
        case "'" | "“" | "”" | "«" | "»" | "‘" | "’":
            return f'{char} does not fit here; text stands in double quotes: "FR"', ""
        case "≤" | "≥" | "≠":
            return (
                f"{char} is no sign of the rule language",
                f"write {dict(zip('≤≥≠', ('<=', '>=', '!='), strict=True))[char]}",
            )
        case _:
            return f"{shorten(char)} is no sign of the rule language", ""


def _hint(sentence: str, start: int, word: str, accepts: set[str]) -> str:
    if "TIME" in accepts and word[:1].isalpha() and not _nearest(word, accepts):
        return f'text stands in double quotes: "{shorten(word, 40)}"'
    if word == "in":
        return 'after "in" comes last 7 days, top 5%, bottom 5% or segment "name"'
    if word == "of":
        before = sentence[:start].split()[-1:]
        near = difflib.get_close_matches(before[0].lower(), _BEFORE_OF, n=1) if before else []
        return f'did you mean "{near[0]} of"?' if near and near != before else ""
    nearest = _nearest(word, accepts)
    return f'did you mean "{nearest}"?' if nearest else ""


def _nearest(word: str, accepts: set[str]) -> str:
    words = [keyword for terminal in sorted(accepts) for keyword in _KEYWORDS.get(terminal, ())]
    near = difflib.get_close_matches(word.lower(), words, n=1)
    return near[0] if near else ""
