"""What went wrong in a sentence, in words that a marketer understands."""

import difflib
from typing import Final

from lark import UnexpectedInput, UnexpectedToken

from kohort.errors import RuleError, shorten
from kohort.rules.languages import VOCABULARIES, Language, say
from kohort.rules.literals import Span
from kohort.rules.vocabulary import Vocabulary

_LONGEST_SHOWN: Final = 160
_BEFORE_THE_PLACE: Final = 60

# The phrases that already say what a narrower terminal would.
_WIDE: Final = {"TRUE": {"NUMBER", "TEXT"}, "NOT": {"NAME", "IN_POLYGON", "IN_CELL"}}


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


def syntax_error(sentence: str, error: UnexpectedInput, language: Language) -> RuleError:
    """Return the error for a place that the grammar does not allow."""
    if isinstance(error, UnexpectedToken):
        token = error.token
        at_end = token.type == "$END"
        start = len(sentence) if at_end else token.start_pos or 0
        end = start + 1 if at_end else token.end_pos or start + 1
        accepts: set[str] = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]  # always there with LALR
        expected = _expected(accepts, language)
        if at_end:
            problem = say(language, "the rule ends too early; expected {expected}", expected=expected)
            return rule_error(problem, sentence, (start, end))
        problem = say(
            language, "{word} does not fit here; expected {expected}", word=shorten(token, 40), expected=expected
        )
        return rule_error(problem, sentence, (start, end), _hint(sentence, start, str(token), accepts, language))
    start = error.pos_in_stream or 0
    problem, hint = _unreadable(sentence[start : start + 1], language)
    return rule_error(problem, sentence, (start, start + 1), hint)


def _expected(accepts: set[str], language: Language) -> str:
    words = VOCABULARIES[language].explanations
    if accepts == {"LPAR"}:
        return '"("'
    said = {words[narrow] for wide, its in _WIDE.items() if wide in accepts for narrow in its}
    phrases = {words[terminal] for terminal in accepts} - said
    ordered = [phrase for phrase in dict.fromkeys(words.values()) if phrase in phrases]
    return f" {say(language, 'or')} ".join([", ".join(ordered[:-1]), ordered[-1]] if len(ordered) > 1 else ordered)


def _unreadable(char: str, language: Language) -> tuple[str, str]:
    match char:
        case '"' | "`":
            return (
                say(language, "the name or text that begins here is not closed"),
                say(language, "end it with {sign}", sign=char),
            )
        case "'" | "“" | "”" | "«" | "»" | "‘" | "’":
            return say(language, '{sign} does not fit here; text stands in double quotes: "FR"', sign=char), ""
        case "≤" | "≥" | "≠":
            sign = {"≤": "<=", "≥": ">=", "≠": "!="}[char]
            return (
                say(language, "{sign} is no sign of the rule language", sign=char),
                say(language, "write {sign}", sign=sign),
            )
        case _:
            return say(language, "{sign} is no sign of the rule language", sign=shorten(char)), ""


def _hint(sentence: str, start: int, word: str, accepts: set[str], language: Language) -> str:
    vocabulary = VOCABULARIES[language]
    nearest = _nearest(word, _keywords(accepts, vocabulary))
    if "TIME" in accepts and word[:1].isalpha() and not nearest:
        return say(language, 'text stands in double quotes: "{word}"', word=shorten(word, 40))
    if word == vocabulary.templates["in"]:
        return say(language, 'after "in" comes last 7 days, top 5%, bottom 5%, a month, period or segment')
    of = vocabulary.templates["of"]
    if word == of:
        before = sentence[:start].split()[-1:]
        functions = [words[0] for terminal, words in vocabulary.phrases.items() if terminal.endswith("_OF")]
        near = _nearest(f"{before[0]} {of}", functions) if before else ""
        nearest = near if near != f"{before[0]} {of}" else ""
    return say(language, 'did you mean "{name}"?', name=nearest) if nearest else ""


def _keywords(accepts: set[str], vocabulary: Vocabulary) -> list[str]:
    words = [word for terminal in sorted(accepts) for word in vocabulary.phrases.get(terminal, ())]
    units = [many for one, (_, many) in vocabulary.units.items() if one not in {"month", "year"}]
    return [*words, *(units if "UNIT" in accepts else ()), *(vocabulary.months if "MONTH" in accepts else ())]


def _nearest(word: str, words: list[str]) -> str:
    near = difflib.get_close_matches(word.lower(), words, n=1)
    return near[0] if near else ""
