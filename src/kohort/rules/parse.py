"""A sentence as a rule: syntax only, no names, no types (for those, `kohort.rules.read`)."""

from functools import cache
from typing import Final

from lark import Lark, UnexpectedInput

from kohort.errors import RuleError
from kohort.rules.build import Builder
from kohort.rules.nodes import Rule
from kohort.rules.syntax import rule_error, syntax_error

LONGEST_SENTENCE: Final = 100_000


def parse_rule(sentence: str) -> Rule:
    """Read an English sentence as a rule.

    Raises RuleError, with the place underlined, for what is no sentence of the language, and for a rule that
    is too deep (16), too long (500 conditions, 100,000 characters), or out of range.

    >>> parse_rule('country = "FR" and not in segment "vip"')
    And(parts=(Comparison(value=Trait(name='country'), operator=<Operator.EQUAL: '='>, literal=Text(value='FR')),
    Not(part=InSegment(name='vip'))))
    """
    if len(sentence) > LONGEST_SENTENCE:
        raise rule_error(f"the rule is longer than {LONGEST_SENTENCE:,} characters", sentence, (0, 1))
    try:
        parsed = _parser().parse(sentence)
    except UnexpectedInput as error:
        raise syntax_error(sentence, error) from error
    except RuleError as error:
        raise rule_error(error.problem, sentence, (error.start, error.end), error.hint) from error
    return parsed  # type: ignore[return-value]  # lark says Tree; with a transformer it is what `start` returns


@cache
def _parser() -> Lark:
    return Lark.open("grammar.lark", rel_to=__file__, parser="lalr", lexer="contextual", transformer=Builder())
