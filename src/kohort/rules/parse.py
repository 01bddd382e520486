"""A sentence as a rule: syntax only, no names, no types (for those, `kohort.rules.read`)."""

from functools import lru_cache
from typing import Final

from lark import UnexpectedInput

from kohort.errors import MisplacedError
from kohort.rules.languages import Language, said, say
from kohort.rules.nodes import Rule
from kohort.rules.syntax import rule_error, syntax_error
from kohort.rules.tables import parser_of

LONGEST_SENTENCE: Final = 100_000


@lru_cache(maxsize=1024)
def parse_rule(sentence: str, language: Language = Language.EN) -> Rule:
    """Read a sentence, by default an English one, as a rule.

    The last ones are remembered: each step of a run reads the same sentences as the step before, and a text is always
    the same tree. Raises RuleError, with the place underlined, for what is no sentence of the language, and for a rule
    that is too deep (16), too long (500 conditions, 100,000 characters), or out of range.

    >>> parse_rule('country = "FR" and not in segment "vip"')
    And(parts=(Comparison(value=Trait(name='country'), operator=<Operator.EQUAL: '='>, literal=Text(value='FR')),
    Not(part=InSegment(name='vip'))))
    """
    if len(sentence) > LONGEST_SENTENCE:
        problem = say(language, "the rule is longer than {most:,} characters", most=LONGEST_SENTENCE)
        raise rule_error(problem, sentence, (0, 1))
    try:
        parsed = parser_of(language).parse(sentence)
    except UnexpectedInput as error:
        raise syntax_error(sentence, error, language) from error
    except MisplacedError as error:
        raise rule_error(said(language, error), sentence, error.span) from error
    return parsed  # type: ignore[return-value]  # lark says Tree; with a transformer it is what `start` returns
