"""One segment in the text of a file: written, changed or taken out, with every other letter of the file kept.

What comes out is read again, and must say exactly what was wanted; where no way to write it does, it is refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from kohort.errors import DefinitionError, UsageError
from kohort.segments.yaml_text import composed, end_of, fields, has_anchors, in_line, loaded, pairs_of

Document = Mapping[str, Any]

_COMMENT: Final = re.compile(r"[ \t]*(#[^\n]*)?")
_FILE: Final = "the text of the segment"
_WAYS: Final = (0, -1)
"""How a field is written: in the most readable way, else, where that does not fit what surrounds it, on one line."""


def entry_text(text: str, file: str, name: str) -> str:
    r"""Return a segment as its file has it, from the margin on, with the comments right above it.

    Raises UsageError if it is not there.

    >>> entry_text("segments:\n  # Ours.\n  - name: a\n    where: did e  # yes\n  - name: b\n", "a.yaml", "a")
    '# Ours.\n- name: a\n  where: did e  # yes\n'
    """
    found = _Place.of(text, file, name)
    if found.in_line:
        return f"- {in_line(loaded(text[found.start : found.end], file))}\n"
    margin = " " * found.margin
    lines = text[found.start : found.end].split("\n")
    return "".join(line.removeprefix(margin) + "\n" for line in lines)


def entry_of(text: str) -> Document:
    r"""Return what the text of one segment says, as `entry_text` gives it; raises DefinitionError.

    >>> entry_of("- name: a\n  where: did e\n")
    {'name': 'a', 'where': 'did e'}
    """
    read = loaded(text, _FILE)
    if has_anchors(text) or not isinstance(read, list) or len(read) != 1 or not isinstance(read[0], dict):
        raise DefinitionError(f"{_FILE} is a list of one segment, with neither anchors nor aliases")
    found: Document = read[0]
    return found


def with_entry(text: str, file: str, document: Document, written: str | None = None) -> str:
    r"""Return the text of a file in which a segment is what `document` says: changed where it stands, else at the end.

    Of one that is there only the fields that differ are written. With `written`, a text of `entry_text`, it is written
    so, as a whole. Raises DefinitionError or UsageError for a file in which that cannot be done.

    >>> print(with_entry("segments:\n- name: a  # ours\n  where: did e\n", "a.yaml", {"name": "a", "where": "did f"}))
    segments:
    - name: a  # ours
      where: did f
    <BLANKLINE>
    """
    _check_anchors(text, file)
    before = _entries(text, file)
    names = [one.get("name") for one in before]
    if document["name"] not in names:
        return _first(_appended(text, file, document, written), [*before, document], file)
    wanted = [document if one.get("name") == document["name"] else one for one in before]
    place = _Place.of(text, file, str(document["name"]))
    return _first(_changed(text, place, document, written), wanted, file)


def without_entry(text: str, file: str, name: str) -> str:
    r"""Return the text of a file without a segment and the comments right above it.

    Raises as `with_entry` does.

    >>> without_entry("segments:\n- name: a\n\n- name: b\n", "a.yaml", "a")
    'segments:\n- name: b\n'
    """
    _check_anchors(text, file)
    wanted = [one for one in _entries(text, file) if one.get("name") != name]
    place = _Place.of(text, file, name)
    head, tail = text[: place.start], text[place.end :]
    if place.in_line:
        tail = tail.lstrip(" \n")
        between = tail.removeprefix(",").lstrip() if tail.startswith(",") else tail
        ways = [head + between, head.rstrip(" \n").removesuffix(",") + tail]
    else:
        tail = tail.removeprefix("\n")
        ways = [head + (tail.removeprefix("\n") if head.endswith(("\n\n", ":\n")) else tail)]
    return _first(iter(ways), wanted, file)


@dataclass(frozen=True)
class _Place:
    """Where a segment stands: with its comments from `start` to `end`, its fields as `node` has them.

    `margin` is how far its dash stands from the left; `in_line` says that the list has brackets instead of dashes.
    """

    node: yaml.MappingNode
    start: int
    end: int
    margin: int
    in_line: bool

    @classmethod
    def of(cls, text: str, file: str, name: str) -> "_Place":
        listed = _list(text, file)
        for node in [] if listed is None else listed.value:
            if listed is not None and any(key.value == "name" and value.value == name for key, value in pairs_of(node)):
                if listed.flow_style:
                    return cls(node, node.start_mark.index, node.end_mark.index, 0, in_line=True)
                return cls._behind_dash(text, node)
        raise UsageError(f'{file} does not declare the segment "{name}"')

    @classmethod
    def _behind_dash(cls, text: str, node: yaml.MappingNode) -> "_Place":
        line = _line_start(text, node.start_mark.index)
        while not text[line:].lstrip(" ").startswith("-"):
            line = _line_start(text, line - 1)
        margin = len(text[line:]) - len(text[line:].lstrip(" "))
        above, comment = line, " " * margin + "#"
        while above and text.startswith(comment, (before := _line_start(text, above - 1))):
            above = before
        return cls(node, above, _line_end(text, end_of(node, text)), margin, in_line=False)


def _changed(text: str, place: _Place, document: Document, written: str | None) -> Iterator[str]:
    head, tail = text[: place.start], text[place.end :]
    if place.in_line:
        yield head + in_line(document) + tail
        return
    if written is not None:
        yield head + _shifted(written, place.margin) + tail
        return
    if not place.node.flow_style:
        yield from _by_fields(text, place, document)
    # As a whole, below the comments that stand above it.
    comments = re.match(rf"(?:{' ' * place.margin}#[^\n]*\n)*", text[place.start : place.end])
    head += comments[0] if comments else ""
    for one in _written(document, place.margin):
        yield head + one + tail


def _by_fields(text: str, place: _Place, document: Document) -> Iterator[str]:
    """Write the fields that differ where they stand, and new ones below; take out those that are to go."""
    margin = place.node.start_mark.column
    stand = {key.value: (key.start_mark.index, end_of(value, text)) for key, value in pairs_of(place.node)}
    has = yaml.safe_load(text[place.start : place.end])[0]
    new = [name for name in document if name not in stand]
    for way in _WAYS:
        found = text
        if new:
            added = "".join("\n" + " " * margin + _way(name, document[name], margin, way) for name in new)
            found = found[: place.end] + added + found[place.end :]
        for name, (start, end) in reversed(stand.items()):
            if name not in document:
                found = found[: _line_start(found, start) - 1] + found[_line_end(found, end) :]
            elif document[name] != has.get(name):
                found = found[:start] + _way(name, document[name], margin, way) + found[end:]
        yield found


def _way(name: str, value: object, margin: int, way: int) -> str:
    return list(fields(name, value, margin))[way]


def _appended(text: str, file: str, document: Document, written: str | None) -> Iterator[str]:
    listed = _list(text, file)
    if isinstance(listed, yaml.SequenceNode) and listed.value:
        last = listed.value[-1]
        if listed.flow_style:
            end = last.end_mark.index
            yield f"{text[:end]}, {in_line(document)}{text[end:]}"
            return
        end, margin = _line_end(text, end_of(last, text)), listed.start_mark.column
        apart = "\n\n" if "\n\n" in text[listed.start_mark.index : end] else "\n"
        head, tail = text[:end] + apart, text[end:] or "\n"
    elif listed is None:
        head, tail, margin = text + ("" if text.endswith("\n") or not text else "\n") + "segments:\n", "\n", 2
    else:
        # Whatever says that there is none yet makes room.
        emptied = text[: listed.start_mark.index].rstrip(" ")
        at = _line_end(emptied + text[listed.end_mark.index :], len(emptied))
        emptied += text[listed.end_mark.index :]
        head, tail, margin = emptied[:at] + "\n", emptied[at:] or "\n", 2
    for one in [_shifted(written, margin)] if written is not None else _written(document, margin):
        yield head + one + tail


def _written(document: Document, margin: int) -> Iterator[str]:
    """Yield ways to write a segment behind a dash."""
    for way in _WAYS:
        lines = [_way(name, value, margin + 2, way) for name, value in document.items()]
        yield " " * margin + "- " + ("\n" + " " * (margin + 2)).join(lines)


def _shifted(written: str, margin: int) -> str:
    """Return the text of a segment so far to the right; it may begin anywhere."""
    lines = written.rstrip("\n").split("\n")
    less = min((len(one) - len(one.lstrip(" ")) for one in lines if one.strip()), default=0)
    return "\n".join(" " * margin + one[less:] if one.strip() else one for one in lines)


def _first(ways: Iterator[str], wanted: Sequence[Document], file: str) -> str:
    """Return the first text that says what is wanted."""
    for one in ways:
        try:
            if _entries(one, file) == list(wanted):
                return one
        except DefinitionError:
            continue
    raise UsageError(f"{file} is written in a way that cannot be changed from here; change it in the file")


def _list(text: str, file: str) -> yaml.CollectionNode | None:
    """Return what stands at `segments`: of nothing, as of an empty list, the place alone is meant."""
    for key, value in pairs_of(composed(text, file)):
        if key.value == "segments":
            if isinstance(value, yaml.CollectionNode):
                return value
            return yaml.SequenceNode(value.tag, [], value.start_mark, value.end_mark, flow_style=True)
    return None


def _entries(text: str, file: str) -> list[Document]:
    read = loaded(text, file)
    listed = read.get("segments") if isinstance(read, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _check_anchors(text: str, file: str) -> None:
    composed(text, file)
    if has_anchors(text):
        raise UsageError(f"{file} has anchors or aliases, which tie its segments together; change it in the file")


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, max(index, 0)) + 1


def _line_end(text: str, index: int) -> int:
    """Return where the line of a value ends, with the comment behind it."""
    match = _COMMENT.match(text, index)
    return match.end() if match else index
