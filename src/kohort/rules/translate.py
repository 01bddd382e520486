"""A sentence in another language."""

from functools import lru_cache

from kohort.rules.languages import Language
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule


@lru_cache(maxsize=4_096)
def translate_rule(sentence: str, source: Language, target: Language) -> str:
    r"""Return a rule that is written in `source` as people write it in `target`; raises RuleError if it is wrong.

    >>> translate_rule("clv in top 5%", Language.EN, Language.FR).replace("\u202f", " ").replace("\xa0", " ")
    'clv dans les 5 % supérieurs'
    """
    return sentence if source is target else print_rule(parse_rule(sentence, source), target)
