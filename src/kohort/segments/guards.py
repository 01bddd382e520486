"""Guard rails: which limits a change of segments breaks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kohort.clock import DAY
from kohort.definitions.guards import Guards
from kohort.engines.bits import size_of
from kohort.engines.plan import Bits


@dataclass(frozen=True)
class Effect:
    """How many people are in a segment before and after a change, and how many enter and leave.

    `touched` says whether the change has to do with it at all, `empty` for how long, in microseconds, nobody has been
    in it (0 if somebody is).
    """

    before: int
    after: int
    entering: int
    leaving: int
    touched: bool = True
    empty: int = 0


@dataclass(frozen=True)
class Broken:
    """A guard rail that a segment breaks, in words; it `stops` if it is to, and the change touches the segment."""

    guard: str
    segment: str
    words: str
    stops: bool


def broken_guards(
    effects: Mapping[str, Effect],
    population: int,
    pairs: Sequence[tuple[str, str, float]],
    guards: Mapping[str, Guards],
) -> tuple[Broken, ...]:
    """Return the guard rails that segments break, in the order of `effects`, the segments in force after a change.

    `pairs` are (segment, another, their Jaccard similarity); `guards` has the limits of each segment.

    >>> from kohort.definitions.guards import DEFAULT_GUARDS
    >>> (found,) = broken_guards({"vip": Effect(5, 4, 0, 1)}, 100, [], {"vip": DEFAULT_GUARDS})
    >>> found.guard, found.words
    ('smallest', '4 people, fewer than 20')
    """
    found = []
    for segment, effect in effects.items():
        its = guards[segment]
        for guard, words in _broken(segment, effect, population, pairs, its.limits):
            found.append(Broken(guard, segment, words, effect.touched and guard in (its.stop or ())))
    return tuple(found)


def near_duplicates(
    members: Mapping[str, Bits], touched: Sequence[str], guards: Mapping[str, Guards]
) -> list[tuple[str, str, float]]:
    """Return each segment of `touched` with every other that is more alike than its guard rail allows.

    Sizes come first: the Jaccard similarity of two sets is at most the ratio of their sizes.

    >>> import numpy as np
    >>> from kohort.definitions.guards import DEFAULT_GUARDS
    >>> sets = {name: np.array([bits], np.uint8) for name, bits in (("a", 7), ("b", 7), ("c", 1))}
    >>> near_duplicates(sets, ["a"], dict.fromkeys(sets, DEFAULT_GUARDS))
    [('a', 'b', 1.0)]
    """
    sizes = {name: size_of(bits) for name, bits in members.items()}
    found = []
    for one in touched:
        limit = guards[one].limits.get("alike")
        if limit is None or not sizes[one]:
            continue
        for other, size in sizes.items():
            if other == one or min(size, sizes[one]) <= limit * max(size, sizes[one]):
                continue
            shared = size_of(members[one] & members[other])
            alike = shared / (size + sizes[one] - shared)
            if alike > limit:
                found.append((one, other, alike))
    return found


def _broken(
    segment: str,
    effect: Effect,
    population: int,
    pairs: Sequence[tuple[str, str, float]],
    limits: Mapping[str, float | None],
) -> Iterator[tuple[str, str]]:
    empty_for = limits.get("empty_for")
    if empty_for is not None and effect.empty > empty_for:
        yield "empty_for", f"nobody in it for {effect.empty // DAY:,} days, longer than {empty_for / DAY:,.6g}"
    if not effect.touched:
        return
    smallest, broadest, change = (limits.get(name) for name in ("smallest", "broadest", "change"))
    if smallest is not None and effect.after < smallest:
        yield "smallest", f"{effect.after:,} {'person' if effect.after == 1 else 'people'}, fewer than {smallest:,.0f}"
    if broadest is not None and effect.after > broadest * population:
        share = effect.after / population
        yield "broadest", f"{100 * share:.1f} % of all people, more than {100 * broadest:.6g} %"
    moved = max(effect.entering, effect.leaving)
    if change is not None and effect.before and moved > change * effect.before:
        way = "enter" if effect.entering >= effect.leaving else "leave"
        yield "change", f"{moved:,} would {way}, more than {100 * change:.6g} % of {effect.before:,}"
    for one, other, alike in pairs:
        if one == segment:
            limit = limits.get("alike") or 0
            yield "alike", f'nearly the same as "{other}" (Jaccard {alike:.2f}, more than {limit:.6g})'
