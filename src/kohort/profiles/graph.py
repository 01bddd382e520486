"""Who is who: a graph of actors and of the values that they share, and the persons in it.

Persons are the connected components of what remains once blocked values, the links of values over their limit, and what
manual splits cut are taken away. Nothing depends on the order of arrival: limits count all links at once, and the links
that joined people are found in the order of their own times.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Final, Generic, NamedTuple, TypeVar

from kohort.clock import Moment
from kohort.definitions.identity import ANONYMOUS, USER, IdentityDefinition
from kohort.profiles.identity import actor_id_of

MANUAL: Final = "manual"
BLOCKED: Final = "blocked"
OVER_LIMIT: Final = "over the limit"

Value = tuple[str, str]
"""An identifier: its kind and its value."""

Node = str | Value

T = TypeVar("T")


class Sighting(NamedTuple):
    """An identifier that an actor was seen with, and when first: its own, or one that it may share."""

    kind: str
    value: str
    actor: str
    first_seen: Moment

    @property
    def is_own(self) -> bool:
        """Whether the identifier is what the actor is."""
        return self.kind in {USER, ANONYMOUS} and actor_id_of(self.kind, self.value) == self.actor


class Link(NamedTuple):
    """Two actors that one message named, and when first."""

    actor: str
    other: str
    ts: Moment


class Merge(NamedTuple):
    """What made two persons one: the actors, the identifier by which they were found to be, and when that was known."""

    actor: str
    other: str
    kind: str
    value: str
    ts: Moment


@dataclass(frozen=True)
class Edit:
    """A merge or a split that somebody asked for; see `kohort.storage.records.PeopleEdited`."""

    seq: int
    recorded_at: Moment
    change: str
    apart: tuple[str, ...]
    rest: tuple[str, ...] = ()
    cancels: tuple[int, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Persons:
    """The person of each actor, and what joined them."""

    person_of: Mapping[str, str]
    merges: Sequence[Merge]


class Edge(NamedTuple):
    """A connection, in the order in which it is looked at: of two actors, or of an actor and a value."""

    ts: Moment
    kind: str
    value: str
    one: str
    other: Node


@dataclass(frozen=True)
class Evidence:
    """All that says who is who: what actors were seen with, their own identifiers included, links, and edits.

    Where this is a part only, `known_refused` says which values join nobody by what the rest says.

    >>> from kohort.definitions.identity import Origin, UniqueIdentifier
    >>> ada, visitor = (actor_id_of(*own) for own in ((USER, "ada"), (ANONYMOUS, "v1")))
    >>> seen = [Sighting(USER, "ada", ada, 3), Sighting(ANONYMOUS, "v1", visitor, 1)]
    >>> seen += [Sighting("email", "ada@x.org", one, 4) for one in (ada, visitor)]
    >>> unique = IdentityDefinition((UniqueIdentifier("email", Origin.TRAIT, "email"),))
    >>> Evidence(seen, [], unique).persons().person_of[ada] == visitor
    True
    """

    sightings: Sequence[Sighting]
    links: Sequence[Link]
    definition: IdentityDefinition
    edits: Sequence[Edit] = ()
    known_refused: Mapping[Value, str] = field(default_factory=dict)

    def persons(self) -> Persons:
        """Return the persons; the survivor of each, whose id is theirs, is the earliest seen, ties by smallest id."""
        groups = Groups[str](key=lambda actor: (self.first_seen[actor], actor))
        firsts: dict[Value, str] = {}
        merges = []
        has_values = not all(isinstance(edge.other, str) for edge in self.edges)
        for edge in sorted(self.edges, key=_in_time if has_values else None):
            # A value joins each of its carriers to the first one.
            value = None if isinstance(edge.other, str) else edge.other
            other = edge.other if isinstance(edge.other, str) else firsts.setdefault(edge.other, edge.one)
            if groups.join(edge.one, other):
                first, second = (edge.one, other) if value is None else (other, edge.one)
                merges.append(Merge(first, second, edge.kind, edge.value, edge.ts))
        return Persons({actor: groups.root(actor) for actor in self.first_seen}, merges)

    @cached_property
    def edges(self) -> Sequence[Edge]:
        """The connections that join people: of no refused value, and none that a split cuts."""
        own, refused = self._own, self.refused
        found = [
            Edge(ts, *own[other], actor, other)
            for actor, other, ts in self.links
            if own[actor] not in refused and own[other] not in refused
        ]
        for value, carriers in self._carried.items():
            if value not in refused:
                found += [
                    Edge(one.first_seen, *value, one.actor, value) for one in carriers if own[one.actor] not in refused
                ]
        edits = self.in_force()
        found += [
            Edge(edit.recorded_at, MANUAL, "", *edit.apart) for edit in edits if edit.change == "merge" and edit.apart
        ]
        for split in (edit for edit in edits if edit.change == "split"):
            found = _cut(found, frozenset(split.apart), split.rest)
        return found

    @cached_property
    def refused(self) -> Mapping[Value, str]:
        """Why values join nobody: blocked ones, and those that more actors share than one person has."""
        own, sharing = self._own, {value: {one.actor for one in its} for value, its in self._carried.items()}
        limits = {kind: self.definition.limit_of(kind) for kind in {one.kind for one in self.sightings}}
        # Who is linked no oftener than the limit, and has a value that nobody carries, is not over it.
        often = Counter(chain.from_iterable(link[:2] for link in self.links))
        asked = {
            actor
            for actor, times in often.items()
            if (limit := limits[own[actor][0]]) is not None and (times > limit or own[actor] in sharing)
        }
        for link in self.links if asked else ():
            for actor, other in ((link.actor, link.other), (link.other, link.actor)):
                if actor in asked and own[actor][0] != own[other][0]:
                    sharing.setdefault(own[actor], set()).add(other)
        over = {
            value: OVER_LIMIT
            for value, actors in sharing.items()
            if (limit := limits[value[0]]) is not None and len(actors) > limit
        }
        values: dict[str, set[str]] = {}
        for kind, value in {*self._own.values(), *((one.kind, one.value) for one in self.sightings)}:
            values.setdefault(kind, set()).add(value)
        blocked = {
            (kind, value): BLOCKED for kind, its in values.items() for value in self.definition.blocked_among(kind, its)
        }
        return {**over, **self.known_refused, **blocked}

    def in_force(self) -> list[Edit]:
        """Return the edits that no other has taken back, in their order."""
        return in_force(self.edits)

    @cached_property
    def first_seen(self) -> Mapping[str, Moment]:
        """The actors, and when each was first seen."""
        return {one.actor: one.first_seen for one in self.sightings if self._own.get(one.actor) == one[:2]}

    @cached_property
    def _own(self) -> Mapping[str, Value]:
        """What each actor is."""
        return {one.actor: (one.kind, one.value) for one in self.sightings if one.is_own}

    @cached_property
    def _carried(self) -> Mapping[Value, Sequence[Sighting]]:
        """Who was seen with each value that they may share; with one that is an actor's own, that actor too."""
        found: dict[Value, list[Sighting]] = {}
        kinds = {kind for kind in {one.kind for one in self.sightings} if self.definition.limit_of(kind) is not None}
        for one in self.sightings:
            if one.kind in kinds and self._own[one.actor] != (one.kind, one.value):
                found.setdefault((one.kind, one.value), []).append(one)
        for one in self.sightings:
            value = (one.kind, one.value)
            if value in found and self._own[one.actor] == value:
                found[value].append(one)
        return found


def in_force(edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits that no other has taken back, in their order."""
    taken_back = {seq for edit in edits for seq in edit.cancels}
    return [edit for edit in sorted(edits, key=lambda one: one.seq) if edit.seq not in taken_back]


class Groups(Generic[T]):
    """Sets that only ever join; each is named by its member with the least `key`.

    >>> groups = Groups[str](key=str)
    >>> groups.join("b", "a"), groups.join("a", "b"), groups.root("b")
    (True, False, 'a')
    """

    def __init__(self, key: Callable[[T], object]) -> None:
        self._above: dict[T, T] = {}
        self._key: Callable[[T], Any] = key

    def root(self, one: T) -> T:
        """Return the member that names the set of `one`."""
        above = self._above
        while (parent := above.get(one, one)) != one:
            above[one] = above.get(parent, parent)
            one = parent
        return one

    def join(self, one: T, other: T) -> bool:
        """Make two sets one; return whether they were two."""
        first, second = self.root(one), self.root(other)
        if first == second:
            return False
        if self._key(second) < self._key(first):
            first, second = second, first
        self._above[second] = first
        return True


def nearer(edges: Iterable[Edge], one: str, other: str) -> frozenset[str]:
    """Return the actors that are fewer connections from `other` than from `one`: those that a split would take along.

    >>> device, shared = Edge(1, "anonymous_id", "d", "b", "d"), Edge(2, "email", "x", "b", ("email", "x"))
    >>> sorted(nearer([device, shared, shared._replace(one="a")], "a", "b"))
    ['b', 'd']
    """
    beside: dict[Node, list[Node]] = {}
    for edge in edges:
        beside.setdefault(edge.one, []).append(edge.other)
        beside.setdefault(edge.other, []).append(edge.one)
    near, far = _distances(beside, other), _distances(beside, one)
    return frozenset(
        node for node, steps in near.items() if isinstance(node, str) and steps < far.get(node, len(beside) + 1)
    )


def _distances(beside: Mapping[Node, Sequence[Node]], start: Node) -> dict[Node, int]:
    found, waiting = {start: 0}, [start]
    for node in waiting:
        for following in beside.get(node, ()):
            if following not in found:
                found[following] = found[node] + 1
                waiting.append(following)
    return found


def _cut(edges: Sequence[Edge], apart: AbstractSet[str], rest: Iterable[str]) -> list[Edge]:
    """Return the edges without those that lead from `apart` to whatever is connected with `rest` otherwise.

    So what becomes known later joins one side or the other, and never both.
    """
    groups = Groups[Node](key=repr)
    for edge in edges:
        if edge.one not in apart and edge.other not in apart:
            groups.join(edge.one, edge.other)
    others = {groups.root(actor) for actor in rest}

    def leads_over(edge: Edge) -> bool:
        ends = [node for node in (edge.one, edge.other) if node not in apart]
        return len(ends) == 1 and groups.root(ends[0]) in others

    return [edge for edge in edges if not leads_over(edge)]


def _in_time(edge: Edge) -> tuple[Moment, str, str, str, str]:
    return (*edge[:4], edge.other if isinstance(edge.other, str) else "")
