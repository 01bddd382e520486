"""A rule, however it is given, as a sentence of one language."""

from collections.abc import Mapping

from kohort.errors import RuleError
from kohort.rules.document import rule_of
from kohort.rules.languages import Language
from kohort.rules.nodes import Rule
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule


def sentence_of(rule: "str | Mapping[str, object]", wanted: Language, language: Language | None = None) -> str:
    """Return a rule in canonical form in the language `wanted`: a JSON document, or a sentence.

    A sentence is of `language`; where that is None, of the wanted one, else of any. Raises RuleError for what is no
    sentence, DefinitionError for what is no document.

    >>> sentence_of("a fait order_completed", Language.EN)
    'did order_completed'
    >>> sentence_of({"type": "did", "event": "order_completed"}, Language.FR)
    'a fait order_completed'
    """
    return print_rule(rule_of(rule) if not isinstance(rule, str) else _read(rule, wanted, language), wanted)


def _read(sentence: str, wanted: Language, language: Language | None) -> Rule:
    if language is not None:
        return parse_rule(sentence, language)
    try:
        return parse_rule(sentence, wanted)
    except RuleError:
        for other in Language:
            try:
                return parse_rule(sentence, other)
            except RuleError:
                continue
        raise
