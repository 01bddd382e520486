"""A sentence as a rule of a project: syntax, names, types, and the segments that it refers to."""

from collections.abc import Mapping

from kohort.errors import RefusalError, RuleError, shorten
from kohort.rules.catalog import Catalog
from kohort.rules.check import check_rule
from kohort.rules.languages import nearest_in, said, say
from kohort.rules.nodes import DEEPEST, Rule, segments_in
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule
from kohort.rules.syntax import rule_error


def read_rule(sentence: str, catalog: Catalog) -> Rule:
    """Read a sentence in the language, and with the names and types, of `catalog`; events stand in it by their keys.

    Raises RuleError, with the place underlined, for what is no sentence, for unknown names (with the nearest
    one), for types that do not match, and for segments that refer to each other in a circle.

    >>> from kohort.definitions.values import ValueType
    >>> read_rule("clv > 100", Catalog(traits={"clv": ValueType.NUMBER}))
    Comparison(value=Trait(name='clv'), operator=<Operator.MORE: '>'>, literal=Number(micros=100000000))
    >>> read_rule("cvl > 100", Catalog(traits={"clv": ValueType.NUMBER}))
    Traceback (most recent call last):
        ...
    kohort.errors.RuleError: unknown trait "cvl"
      cvl > 100
      ^^^
    did you mean "clv"?
    """
    return _resolved(check_rule(parse_rule(sentence, catalog.language), catalog, sentence), catalog, sentence)


def resolve_rule(rule: Rule, catalog: Catalog) -> Rule:
    """Check a rule that was built, not written, as `read_rule` does; what it raises shows the printed sentence.

    >>> from kohort.rules.nodes import InSegment
    >>> resolve_rule(InSegment("me"), Catalog(segments={"me": 'in segment "me"'}))
    Traceback (most recent call last):
        ...
    kohort.errors.RuleError: segments refer to each other in a circle: "me" → "me"
      in segment "me"
      ^^^^^^^^^^^^^^^
    """
    return _resolved(check_rule(rule, catalog), catalog, print_rule(rule, catalog.language))


def _resolved(rule: Rule, catalog: Catalog, sentence: str) -> Rule:
    try:
        segments_of([rule], catalog)
    except RuleError:
        raise
    except RefusalError as error:
        place = next(leaf.span for leaf in segments_in(rule))
        raise rule_error(said(catalog.language, error), sentence, place or (0, len(sentence))) from error
    return rule


def segments_of(rules: list[Rule], catalog: Catalog) -> Mapping[str, Rule]:
    """Return the rules of all segments that `rules` refer to, directly or not, each after those that it needs.

    Raises DefinitionError for a circle, with the path, and for more than 16 segments inside one another;
    RuleError for a segment whose own sentence is wrong.

    >>> from kohort.rules.nodes import InSegment
    >>> catalog = Catalog(events={"e": {}}, segments={"a": 'in segment "b"', "b": "did e"})
    >>> list(segments_of([InSegment("a")], catalog))
    ['b', 'a']
    """
    found: dict[str, Rule] = {}
    heights: dict[str, int] = {}
    for rule in rules:
        _collect(rule, catalog, (), found, heights)
    return found


def _collect(
    rule: Rule, catalog: Catalog, path: tuple[str, ...], found: dict[str, Rule], heights: dict[str, int]
) -> int:
    """Add the segments below `rule` to `found`; return how many stand inside one another there."""
    highest = 0
    for leaf in segments_in(rule):
        inner_path = (*path, leaf.name)
        shown = " → ".join(f'"{shorten(name, 40)}"' for name in inner_path)
        if leaf.name in path:
            raise RefusalError("segments refer to each other in a circle: {path}", path=shown)
        if len(path) + heights.get(leaf.name, 1) > DEEPEST:
            raise RefusalError("more than {most} segments inside one another: {path}", most=DEEPEST, path=shown)
        if leaf.name not in found:
            inner = _segment(leaf.name, catalog)
            heights[leaf.name] = 1 + _collect(inner, catalog, inner_path, found, heights)
            found[leaf.name] = inner
        highest = max(highest, heights[leaf.name])
    return highest


def _segment(name: str, catalog: Catalog) -> Rule:
    if name not in catalog.segments:
        hint = nearest_in(catalog.language, name, catalog.segments)
        raise RefusalError('unknown segment "{name}"; {hint}', name=shorten(name), hint=hint)
    sentence = catalog.segments[name]
    try:
        return check_rule(parse_rule(sentence, catalog.language), catalog, sentence)
    except RuleError as error:
        problem = say(catalog.language, 'in segment "{name}": {problem}', name=shorten(name), problem=error.problem)
        raise RuleError(problem, sentence=error.sentence, start=error.start, end=error.end, hint=error.hint) from error
