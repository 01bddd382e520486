"""What may follow in a sentence that somebody is writing: words of the language, and names of the project."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lark import UnexpectedInput

from kohort.errors import RuleError
from kohort.rules.catalog import Catalog
from kohort.rules.languages import VOCABULARIES
from kohort.rules.tables import parser_of
from kohort.rules.words import event_in_sentence, name_in_sentence, parts_of_name, quote

_EVENT_FOLLOWS: Final = frozenset({"DID", "THEN", "NOT", "DAYS_SINCE_FIRST", "DAYS_SINCE_LAST"})
_EXPECT_TEXT: Final = frozenset(
    ("OPERATOR", "CONTAINS", "STARTS_WITH", "ENDS_WITH", "MATCHES", "INCLUDES", "COMMA", "IN_CELL")
)
_SIGNS: Final = {"OPERATOR": (">=", "<=", ">", "<", "=", "!="), "PERCENT": ("%",), "SIGN": ("+", "-")}
_BRACKETS: Final = {"LPAR": ("(",), "RPAR": (")",), "LENGTH_UNIT": ("km", "m")}


@dataclass(frozen=True)
class Completion:
    """A text that may stand from `start` on, in place of what is written there."""

    start: int
    text: str


def completions(sentence: str, catalog: Catalog) -> list[Completion]:
    """Return what may follow at the end of `sentence`: words first, then names, those that begin as it ends.

    Of a sentence that goes wrong before its last word nothing follows.

    >>> [one.text for one in completions("count of order_completed in l", Catalog(events={"order_completed": {}}))]
    ['in last']
    >>> [one.text for one in completions("did ord", Catalog(events={"order_completed": {}}))]
    ['order_completed']
    """
    found: dict[str, Completion] = {}
    for start in _word_starts(sentence):
        written = sentence[start:].lower()
        for text in _following(sentence[:start], catalog):
            if text.lower().startswith(written) and text != sentence[start:]:
                found.setdefault(text, Completion(start, text))
    return list(found.values())


def _word_starts(sentence: str) -> list[int]:
    """Return where what is being written may begin: at the end, or at one of the last three words."""
    starts = [len(sentence)] if not sentence or sentence[-1] in " (\n" else []
    position = len(sentence)
    for _ in range(3):
        position = max(sentence.rfind(" ", 0, position), sentence.rfind("(", 0, position))
        starts.append(position + 1)
        if position < 0:
            break
    return starts


def _following(before: str, catalog: Catalog) -> Iterator[str]:
    """Yield what may stand behind a sentence so far; nothing if it is wrong already."""
    vocabulary = VOCABULARIES[catalog.language]
    parser = parser_of(catalog.language).parse_interactive(before)
    try:
        tokens = list(parser.exhaust_lexer())
        accepts: set[str] = parser.accepts()  # type: ignore[no-untyped-call]  # lark gives no type
    except (UnexpectedInput, RuleError):
        return
    for terminal, words in {**_BRACKETS, **_SIGNS}.items():
        if terminal in accepts:
            yield from words
    for terminal, words in vocabulary.phrases.items():
        if terminal in accepts:
            yield words[0]
    if "UNIT" in accepts:
        yield from (many for one, (_, many) in vocabulary.units.items() if one not in {"month", "year"})
    if "MONTH" in accepts:
        yield from vocabulary.months
    if accepts >= {"NAME", "IN_POLYGON"}:
        yield from map(name_in_sentence, catalog.points)
    if accepts & {"NAME", "TEXT"}:
        yield from _names([(token.type, str(token)) for token in tokens], catalog)


def _names(tokens: list[tuple[str, str]], catalog: Catalog) -> Iterator[str]:
    """Yield the names behind `tokens`: of segments, periods, events, an event's properties, or traits."""
    last = tokens[-1][0] if tokens else ""
    if last in {"IN_SEGMENT", "IN_PERIOD"}:
        yield from (quote(name, '"') for name in sorted(catalog.segments if last == "IN_SEGMENT" else catalog.periods))
    elif last == "CONSENT_TO":
        yield from map(name_in_sentence, sorted(catalog.purposes))
    elif last in _EXPECT_TEXT:
        return
    elif last == "DISTANCE_FROM":
        yield from map(name_in_sentence, catalog.points)
    elif last in _EVENT_FOLLOWS and (last != "NOT" or _after_then(tokens)):
        yield from (event_in_sentence(event) for event in sorted(catalog.events))
    elif last.endswith("_OF") and last not in {"SCORE_OF", "ANNIVERSARY_OF", "IS_ONE_OF"}:
        for event, properties in sorted(catalog.events.items()):
            if last == "COUNT_OF":
                yield event_in_sentence(event)
            yield from (event_in_sentence(event, name) for name in sorted(properties))
    elif (event_written := _where_of(tokens)) is not None:
        yield from (name_in_sentence(name) for name in sorted(catalog.events.get(event_written, {})))
    else:
        yield from map(name_in_sentence, sorted(catalog.traits))


def _after_then(tokens: list[tuple[str, str]]) -> bool:
    return len(tokens) > 1 and tokens[-2][0] == "THEN"


def _where_of(tokens: list[tuple[str, str]]) -> str | None:
    """Return the event whose `where` begins with the last token, None if none does."""
    if tokens and tokens[-1][0] == "WHERE":
        return parts_of_name(tokens[-2][1])[0]
    return None
