"""Looking at every node of a tree, and giving other names to what it refers to."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from kohort.rules.literals import Node
from kohort.rules.nodes import InSegment
from kohort.rules.windows import InPeriod

N = TypeVar("N", bound=Node)


def nodes_of(node: Node) -> Iterator[Node]:
    """Yield `node` and every node below it, those of wheres, windows and populations included.

    >>> from kohort.rules.parse import parse_rule
    >>> [type(one).__name__ for one in nodes_of(parse_rule("did order_completed in period sale"))]
    ['Did', 'InPeriod']
    """
    yield node
    for one in fields(node):
        value = getattr(node, one.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Node):
                yield from nodes_of(part)


def renamed(node: N, segments: Mapping[str, str], periods: Mapping[str, str]) -> N:
    """Return `node` with other names for the segments and campaign periods that it refers to.

    >>> from kohort.rules.parse import parse_rule
    >>> from kohort.rules.print import print_rule
    >>> print(print_rule(renamed(parse_rule('not in segment "vip"'), {"vip": "best"}, {})))
    not in segment "best"
    """
    if isinstance(node, InSegment):
        return replace(node, name=segments.get(node.name, node.name))
    if isinstance(node, InPeriod):
        return replace(node, name=periods.get(node.name, node.name))
    changed: dict[str, Any] = {}
    for one in fields(node):
        value = getattr(node, one.name)
        if isinstance(value, Node):
            changed[one.name] = renamed(value, segments, periods)
        elif isinstance(value, tuple) and any(isinstance(part, Node) for part in value):
            changed[one.name] = tuple(renamed(part, segments, periods) for part in value)
    return replace(node, **changed) if changed else node
