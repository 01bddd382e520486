"""Questions about texts, answered once per distinct text by one function; engines receive the texts that match.

So no engine's own collation, case folding or regular expressions can give another answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import normalize

import pyarrow as pa

from kohort.rules.nodes import Aggregate, Basic, Property, TextTest, Trait, Value, leaves, wheres_of
from kohort.rules.operators import TextOperator


@dataclass(frozen=True)
class TextQuestion:
    """A text predicate on what one place holds: the property `name` of `event`, or, with None, the trait `name`."""

    event: str | None
    name: str
    operator: TextOperator
    text: str
    ignoring_case: bool


def question_of(test: TextTest, event: str | None = None) -> TextQuestion:
    """Return the question that `test` asks; `event` is the event whose `where` it stands in.

    >>> from kohort.rules.literals import Text
    >>> question_of(TextTest(Trait("email"), TextOperator.CONTAINS, Text("@"))).name
    'email'
    """
    of, name = place_of(test.value, event)
    return TextQuestion(of, name, test.operator, test.text.value, test.ignoring_case)


def place_of(value: Value, event: str | None = None) -> tuple[str | None, str]:
    """Return the event and property, or None and the trait, whose own values `value` takes.

    >>> place_of(Trait("email"))
    (None, 'email')
    """
    match value:
        case Trait(name=name):
            return None, name
        case Property(name=name):
            return event, name
        case Aggregate(event=of, property=str(name)):
            return of, name
        case _:
            raise TypeError("only a trait or property can be asked so; rules are checked before they are planned")


def questions_in(conditions: Iterable[Basic]) -> Iterator[TextQuestion]:
    """Yield every question about texts in `conditions` and their wheres."""
    for condition in conditions:
        if isinstance(condition, TextTest):
            yield question_of(condition)
        for event, where in wheres_of(condition):
            yield from (question_of(leaf, event) for leaf in leaves(where) if isinstance(leaf, TextTest))


def matching_texts(question: TextQuestion, texts: Sequence[str]) -> tuple[str, ...]:
    """Return those of `texts` that answer yes, in their order.

    Both sides are compared in the Unicode form NFC and, `ignoring_case`, case-folded (Unicode Standard, §3.13, D145);
    `matches` finds the RE2 expression anywhere in the text, its own (?i) taking the place of case folding.

    >>> ends = TextQuestion(None, "email", TextOperator.ENDS_WITH, ".ORG", ignoring_case=True)
    >>> matching_texts(ends, ["ada@example.org", "bob@example.com"])
    ('ada@example.org',)
    """
    if question.operator is TextOperator.MATCHES:
        composed = pa.array([normalize("NFC", text) for text in texts], pa.string())
        pattern = normalize("NFC", question.text)
        # A twentieth of a second that only a rule with `matches` should pay.
        import pyarrow.compute as pc  # noqa: PLC0415

        found = pc.match_substring_regex(composed, pattern, ignore_case=question.ignoring_case).to_pylist()
        return tuple(text for text, matches in zip(texts, found, strict=True) if matches)
    wanted = _folded(question.text, question.ignoring_case)
    return tuple(text for text in texts if _holds(question, _folded(text, question.ignoring_case), wanted))


def _holds(question: TextQuestion, text: str, wanted: str) -> bool:
    match question.operator:
        case TextOperator.CONTAINS:
            return wanted in text
        case TextOperator.STARTS_WITH:
            return text.startswith(wanted)
        case _:
            return text.endswith(wanted)


def _folded(text: str, ignoring_case: bool) -> str:
    composed = normalize("NFC", text)
    return normalize("NFC", normalize("NFD", composed).casefold()) if ignoring_case else composed
