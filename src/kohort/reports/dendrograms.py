"""A tree of merges as it is drawn and read: where each branch stands, and what each cut would divide."""

from dataclasses import dataclass

from kohort.reports.method_data import DendrogramTop


@dataclass(frozen=True)
class Branch:
    """Two branches that meet at `height`: each stands at `left` or `right` and rises from its own foot.

    Leaves stand at whole numbers from 0, a branch in the middle of the two that meet in it; heights are those at which
    branches meet, and the foot of a leaf is 0.
    """

    left: float
    right: float
    height: float
    left_foot: float
    right_foot: float
    people: int


@dataclass(frozen=True)
class Cut:
    """The tree cut into `groups`: the merge at `height`, which had joined `one` and `other` people, is undone."""

    groups: int
    height: float
    one: int
    other: int


@dataclass(frozen=True)
class Part:
    """A group of a cut tree: in which `place` it stands, and how many people it holds."""

    place: float
    people: int


def branches(top: DendrogramTop) -> tuple[Branch, ...]:
    """Return the branches in the order of their merges; no two cross.

    >>> from kohort.reports.method_data import DendrogramMerge
    >>> merges = (DendrogramMerge(1, 2, 5.0, 4), DendrogramMerge(0, 3, 17.0, 5))
    >>> tree = DendrogramTop("average", (1, 2, 2), merges, 5, 0.9, 5)
    >>> [(one.left, one.right, one.height, one.left_foot, one.right_foot) for one in branches(tree)]
    [(1.0, 2.0, 5.0, 0.0, 0.0), (0.0, 1.5, 17.0, 0.0, 5.0)]
    """
    places, heights = _places(top), [*([0.0] * len(top.leaves)), *(one.height for one in top.merges)]
    drawn = []
    for one in top.merges:
        left, right = sorted((one.left, one.right), key=lambda side: places[side])
        drawn.append(Branch(places[left], places[right], one.height, heights[left], heights[right], one.people))
    return tuple(drawn)


def cuts(top: DendrogramTop) -> tuple[Cut, ...]:
    """Return what each number of groups divides, from two groups on.

    >>> from kohort.reports.method_data import DendrogramMerge
    >>> merges = (DendrogramMerge(1, 2, 5.0, 4), DendrogramMerge(0, 3, 17.0, 5))
    >>> cuts(DendrogramTop("average", (1, 2, 2), merges, 5, 0.9, 5))
    (Cut(groups=2, height=17.0, one=4, other=1), Cut(groups=3, height=5.0, one=2, other=2))
    """
    people = _people(top)
    divided = []
    for groups, one in enumerate(reversed(top.merges), start=2):
        fewer, more = sorted((people[one.left], people[one.right]))
        divided.append(Cut(groups, one.height, more, fewer))
    return tuple(divided)


def cut_height(top: DendrogramTop, groups: int) -> float | None:
    """Return a height at which a line cuts the tree into so many groups; None where the part shown has no such.

    It lies halfway between the merge that is undone and the next lower one that stays.

    >>> from kohort.reports.method_data import DendrogramMerge
    >>> merges = (DendrogramMerge(1, 2, 5.0, 4), DendrogramMerge(0, 3, 17.0, 5))
    >>> tree = DendrogramTop("average", (1, 2, 2), merges, 5, 0.9, 5)
    >>> cut_height(tree, 2), cut_height(tree, 1), cut_height(tree, 4)
    (11.0, None, None)
    """
    undone = groups - 1
    if not 1 <= undone < len(top.merges):
        return None
    return (top.merges[-undone].height + top.merges[-undone - 1].height) / 2


def parts(top: DendrogramTop, groups: int) -> tuple[Part, ...]:
    """Return the groups of the tree cut into so many, as they stand from left to right.

    >>> from kohort.reports.method_data import DendrogramMerge
    >>> merges = (DendrogramMerge(1, 2, 5.0, 4), DendrogramMerge(0, 3, 17.0, 5))
    >>> parts(DendrogramTop("average", (1, 2, 2), merges, 5, 0.9, 5), 2)
    (Part(place=0.0, people=1), Part(place=1.5, people=4))
    """
    places, people = _places(top), _people(top)
    kept = len(people) - (groups - 1)
    sides = {side for one in top.merges for side in (one.left, one.right) if side < kept}
    inner = {side for one in top.merges[: kept - len(top.leaves)] for side in (one.left, one.right)}
    return tuple(Part(places[side], people[side]) for side in sorted(sides - inner, key=lambda side: places[side]))


def _people(top: DendrogramTop) -> list[int]:
    return [*top.leaves, *(one.people for one in top.merges)]


def _places(top: DendrogramTop) -> list[float]:
    """Return where each leaf and each merge stands: leaves in the order in which the tree is walked from its top."""
    leaves = len(top.leaves)
    waiting, order = [leaves + len(top.merges) - 1], []
    while waiting:
        side = waiting.pop()
        if side < leaves:
            order.append(side)
        else:
            waiting += [top.merges[side - leaves].right, top.merges[side - leaves].left]
    places = [0.0] * leaves
    for place, leaf in enumerate(order):
        places[leaf] = float(place)
    for one in top.merges:
        places.append((places[one.left] + places[one.right]) / 2)
    return places
