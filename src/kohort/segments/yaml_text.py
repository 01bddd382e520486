"""YAML as text: where in a file something stands, and how a value may be written there; the rest stays as it is."""

import textwrap
from collections.abc import Iterator
from typing import Any, Final

import yaml

from kohort.errors import DefinitionError

WIDTH: Final = 100


def composed(text: str, file: str) -> yaml.Node | None:
    """Return the nodes of a YAML text, each with its place, None for an empty one; raises DefinitionError.

    >>> composed("a: 1", "a.yaml").value[0][1].start_mark.index
    3
    """
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise DefinitionError(f"{file} is no YAML: {error}") from error


def loaded(text: str, file: str) -> Any:
    """Return what a YAML text says; raises DefinitionError."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DefinitionError(f"{file} is no YAML: {error}") from error


def has_anchors(text: str) -> bool:
    r"""Tell whether a YAML text refers from one place to another.

    >>> has_anchors("a: &x 1\nb: *x")
    True
    """
    return any(isinstance(one, yaml.AliasToken | yaml.AnchorToken) for one in yaml.scan(text, Loader=yaml.SafeLoader))


def pairs_of(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Yield the keys and values of a mapping whose keys are scalars."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key, value


def end_of(node: yaml.Node, text: str) -> int:
    """Return where the last letter of a node stands: before the comments and empty lines that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end_of(last[1] if isinstance(last, tuple) else last, text)
    start = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())


def scalars(text: str, head: str) -> Iterator[str]:
    """Yield ways to write `text` behind `head`: plain if it fits the line, folded, in quotes (which always reads)."""
    line = head.rpartition("\n")[2]
    margin = " " * (len(line) - len(line.lstrip(" -")) + 2)
    if len(line) + len(text) <= WIDTH:
        yield text
    lines = textwrap.wrap(text, WIDTH - len(margin), break_long_words=False, break_on_hyphens=False)
    yield ">-" + "".join(f"\n{margin}{one}" for one in lines)
    yield yaml.safe_dump(text, default_style='"', width=2 * WIDTH * len(text), allow_unicode=True).rstrip("\n")


def fields(name: str, value: object, margin: int) -> Iterator[str]:
    """Yield ways to write a field that stands `margin` letters from the left, each of which reads by itself.

    >>> next(fields("label", {"en": "Buyers"}, 4))
    'label: {en: Buyers}'
    """
    yield from (one for one in _fields(name, value, margin) if _reads(one, name, value))


def _fields(name: str, value: object, margin: int) -> Iterator[str]:
    if isinstance(value, str):
        head = f"{' ' * margin}{name}: "
        *ways, quoted = scalars(value, head)
        if len(head) + len(quoted) <= WIDTH:
            ways.pop()  # what is short is not folded
        yield from (f"{name}: {one}" for one in [*ways, quoted])
        return
    block = yaml.safe_dump({name: value}, allow_unicode=True, sort_keys=False, default_flow_style=None, width=WIDTH)
    yield block.rstrip("\n").replace("\n", "\n" + " " * margin)
    yield f"{name}: {in_line(value)}"


def in_line(value: object) -> str:
    """Return a list or mapping as it stands between others on a line.

    >>> in_line({"name": "a", "needs": ["e: 1"]})
    "{name: a, needs: ['e: 1']}"
    """
    written = _flow(value, unicode=True)
    # Some letters read as others unless they are escaped.
    return written if yaml.safe_load(written) == value else _flow(value, unicode=False)


def _flow(value: object, *, unicode: bool) -> str:
    dumped = yaml.safe_dump(value, allow_unicode=unicode, sort_keys=False, default_flow_style=True, width=10**9)
    return dumped.rstrip("\n")


def _reads(text: str, name: str, value: object) -> bool:
    try:
        return bool(yaml.safe_load(text) == {name: value})
    except (yaml.YAMLError, ValueError):
        return False
