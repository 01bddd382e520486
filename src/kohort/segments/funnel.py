"""The funnel of a rule: what each of its conditions keeps and drops, in order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kohort.engines.bits import size_of
from kohort.engines.plan import Bits
from kohort.rules.languages import VOCABULARIES, Language
from kohort.rules.nodes import And, InSegment, Not, Or, Rule, children
from kohort.rules.print import print_rule


class Role(StrEnum):
    """How a condition stands in the rule: as the whole, in an `and`, an `or` or a `not`, or as a segment's own rule."""

    WHOLE = "whole"
    AND = "and"
    OR = "or"
    NOT = "not"
    SEGMENT = "segment"


@dataclass(frozen=True)
class FunnelLine:
    """What one condition does, in people.

    `before` is how many come to it: all people come to the whole; of an `and` those come to a part whom the parts
    before it kept, of an `or` those whom no part before it took. It holds for `kept` of them. `alone` is for how many
    of all people it holds. `without` is by how much the whole rule would grow (or, negative, shrink) without this
    condition: the people for whom it alone decides. None where the condition cannot be left out.

    `sentence` is the condition in words, `joined` the word that joins it to the one before ("" for none), `depth` how
    deep it stands.
    """

    depth: int
    role: Role
    joined: str
    sentence: str
    before: int
    kept: int
    alone: int
    without: int | None

    @property
    def dropped(self) -> int:
        """The people who come to the condition and for whom it does not hold."""
        return self.before - self.kept


def conditions_of(rule: Rule, segments: Mapping[str, Rule]) -> tuple[Rule, ...]:
    """Return the distinct conditions whose members the funnel of `rule` needs: all of its parts, `rule` first.

    `segments` are the rules of the segments that it refers to (`kohort.rules.read.segments_of`).

    >>> from kohort.rules.parse import parse_rule
    >>> [print_rule(one) for one in conditions_of(parse_rule("did a and not did b"), {})]
    ['did a and not did b', 'did a', 'not did b', 'did b']
    """
    found: dict[Rule, None] = {}
    waiting = [rule]
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found[one] = None
            waiting.extend(_inside(one, segments))
    return tuple(found)


def funnel_of(
    rule: Rule,
    segments: Mapping[str, Rule],
    holds: Mapping[Rule, Bits],
    existing: Bits,
    language: Language = Language.EN,
) -> tuple[FunnelLine, ...]:
    """Return the funnel of `rule`, the whole first, then its parts in order, each followed by its own.

    `holds` gives for each of `conditions_of(rule, segments)` for whom it holds, one bit a person, `existing` who is
    there at all. A segment that is mentioned several times is opened once.

    >>> import numpy as np
    >>> from kohort.engines.bits import everyone
    >>> from kohort.rules.parse import parse_rule
    >>> rule = parse_rule("did a and did b")
    >>> sets = {"did a and did b": 0b001, "did a": 0b011, "did b": 0b101}
    >>> holds = {parse_rule(words): np.array([bits], dtype=np.uint8) for words, bits in sets.items()}
    >>> for line in funnel_of(rule, {}, holds, everyone(3)):
    ...     print(line.sentence, line.before, line.kept, line.alone, line.without)
    did a and did b 3 1 1 None
    did a 3 2 2 1
    did b 2 1 2 1
    """
    place = _Place(rule, 0, Role.WHOLE, existing, existing)
    return tuple(_Funnel(segments, holds, existing, language).lines(place))


@dataclass(frozen=True)
class _Place:
    """A condition where it stands: who comes to it, and for whom the whole rule turns with it.

    `turning` are the people for whom all else is such that the whole rule is true if, and only if, this condition is
    (or, where `negated`, is not).
    """

    condition: Rule
    depth: int
    role: Role
    before: Bits
    turning: Bits
    negated: bool = False
    first: bool = True


class _Funnel:
    def __init__(
        self, segments: Mapping[str, Rule], holds: Mapping[Rule, Bits], existing: Bits, language: Language
    ) -> None:
        self._segments, self._holds, self._existing, self._language = segments, holds, existing, language
        self._opened: set[str] = set()

    def lines(self, place: _Place) -> Iterator[FunnelLine]:
        holding = self._holds[place.condition]
        yield FunnelLine(
            place.depth,
            place.role,
            self._joined(place),
            print_rule(place.condition, self._language),
            before=size_of(place.before),
            kept=size_of(place.before & holding),
            alone=size_of(holding),
            without=self._without(place, holding),
        )
        for part in self._parts(place):
            yield from self.lines(part)

    def _joined(self, place: _Place) -> str:
        if place.first or place.role not in {Role.AND, Role.OR}:
            return ""
        return VOCABULARIES[self._language].word(place.role.name)

    def _without(self, place: _Place, holding: Bits) -> int | None:
        """Leaving out a part of an `and` is as if it held for everybody, of an `or` as if it held for nobody."""
        match place.role:
            case Role.AND:
                change = size_of(place.turning & ~holding)
            case Role.OR:
                change = -size_of(place.turning & holding)
            case _:
                return None
        return -change if place.negated else change

    def _parts(self, place: _Place) -> Iterator[_Place]:
        depth = place.depth + 1
        match place.condition:
            case And(parts=parts):
                yield from self._in_order(place, parts, Role.AND, [self._holds[part] for part in parts])
            case Or(parts=parts):
                yield from self._in_order(place, parts, Role.OR, [self._others(part) for part in parts])
            case Not(part=part):
                # A leaf that is negated says on its own line all that there is to say.
                if children(part) or isinstance(part, InSegment):
                    yield _Place(part, depth, Role.NOT, place.before, place.turning, not place.negated)
            case InSegment(name=name) if name not in self._opened:
                self._opened.add(name)
                yield _Place(self._segments[name], depth, Role.SEGMENT, place.before, place.turning, place.negated)
            case _:
                return

    def _in_order(self, place: _Place, parts: Sequence[Rule], role: Role, passing: Sequence[Bits]) -> Iterator[_Place]:
        """Yield the parts of an `and` or an `or`; `passing` are those who go on from each part to the next.

        The whole turns with a part for those whom every other part passes on.
        """
        after = [self._existing]
        for one in reversed(passing[1:]):
            after.insert(0, after[0] & one)
        earlier = self._existing
        for number, (part, one) in enumerate(zip(parts, passing, strict=True)):
            yield _Place(
                part,
                place.depth + 1,
                role,
                place.before & earlier,
                place.turning & earlier & after[number],
                place.negated,
                first=number == 0,
            )
            earlier = earlier & one

    def _others(self, part: Rule) -> Bits:
        return self._existing & ~self._holds[part]


def _inside(rule: Rule, segments: Mapping[str, Rule]) -> Sequence[Rule]:
    return (segments[rule.name],) if isinstance(rule, InSegment) else children(rule)
