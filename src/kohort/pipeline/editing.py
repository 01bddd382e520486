"""Changing what `segments/` declares, from the doors: checked before anything is written, and never over another's."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.segment import SegmentDefinition, by_name, segment_definitions_of
from kohort.definitions.supervised import SupervisedDefinition
from kohort.errors import (
    ChangedSinceError,
    CheckError,
    DefinitionError,
    StorageError,
    UnknownNameError,
    UsageError,
    shorten,
)
from kohort.pipeline.segments.epochs import left_out_of
from kohort.pipeline.segments.seeds import check_seeds
from kohort.pipeline.workspace import Workspace
from kohort.rules.nodes import segments_in
from kohort.rules.parse import parse_rule
from kohort.rules.read import read_rule
from kohort.segments.entries import entry_of, entry_text, with_entry, without_entry
from kohort.segments.yaml_text import loaded
from kohort.storage.lock import write_lock
from kohort.storage.whole import writing_whole

STUDIO: Final = "studio.yaml"
"""The file that a new segment goes to unless another is named."""
_NAME: Final = re.compile(r"\w[\w .-]{0,99}", re.ASCII)
_FILE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}\.yaml", re.ASCII)
_PATIENCE: Final = 10


@dataclass(frozen=True)
class DeclaredSegment:
    """A segment as its file declares it: its fields, its text with the comments right above it, and its tag."""

    name: str
    file: str
    document: Mapping[str, Any]
    text: str

    @property
    def tag(self) -> str:
        """What is another one as soon as anything of this is."""
        return sha256(f"{self.file}\n{self.text}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Edit:
    """What became of a segment: how it was declared before, and how it is now; None where it is not."""

    before: DeclaredSegment | None
    after: DeclaredSegment | None


def declared_segment(workspace: Workspace, name: str) -> DeclaredSegment:
    """Return how a segment is declared; raises UnknownNameError if it is not."""
    if name not in workspace.declared:
        raise UnknownNameError("segment", name, workspace.declared)
    return _declared(workspace, workspace.declared[name].file, name)


def write_segment(
    workspace: Workspace, document: Mapping[str, Any], tag: str | None, file: str | None, text: str | None = None
) -> Edit:
    """Declare a segment by its fields, or change how it is declared; `text` is how to write it, as `entry_text` has it.

    `tag` is that of how it was when it was looked at, None for one that is new, "*" whatever it was. `file` is the
    name of a file in segments/, for a new one.

    Raises ChangedSinceError if it was changed since, RuleError for a wrong rule, UsageError for what else is wrong:
    then nothing is written.
    """
    with _editing(workspace) as fresh:
        name = str(document["name"])
        before = declared_segment(fresh, name) if name in fresh.declared else None
        _check_tag(name, before, tag)
        _check_fields(document)
        if before is not None:
            document = {**document, "name": before.document["name"]}
        path = _path(fresh, name, before, file)
        shown = fresh.folder.name_of(path)
        old = _read(path)
        new = with_entry(old, shown, document, text)
        _check_new(fresh, segment_definitions_of(loaded(new, shown), shown), shown, name)
        if new != old:
            _write(path, new)
        after = DeclaredSegment(name, shown, document, entry_text(new, shown, name))
        return Edit(before, after)


def delete_segment(workspace: Workspace, name: str, tag: str | None) -> Edit:
    """Take a segment out of its file; `tag` is as for `write_segment`.

    Raises UnknownNameError if it is not declared, ChangedSinceError, and CheckError if others refer to it: then nothing
    is written.
    """
    with _editing(workspace) as fresh:
        before = declared_segment(fresh, name)
        _check_tag(name, before, tag)
        users = sorted(_users_of(fresh, name))
        if users:
            raise CheckError(f'segment "{shorten(name)}" is used by {", ".join(users)}; change these first')
        path = fresh.folder.path / before.file
        _write(path, without_entry(_read(path), before.file, name))
        return Edit(before, None)


def document_of_text(name: str, text: str) -> Mapping[str, Any]:
    """Return the fields that a text of a segment says; raises UsageError if it is none, or of another name."""
    try:
        document = entry_of(text)
    except DefinitionError as error:
        raise UsageError(str(error)) from error
    if document.get("name") != name:
        raise UsageError(f'the text is of the segment "{shorten(str(document.get("name")))}"')
    return document


@contextmanager
def _editing(workspace: Workspace) -> Iterator[Workspace]:
    """Keep others from editing, and read the files only then."""
    with write_lock(workspace.folder.editing, _PATIENCE):
        yield replace(workspace)


def _declared(workspace: Workspace, file: str, name: str) -> DeclaredSegment:
    text = entry_text(_read(workspace.folder.path / file), file, name)
    listed = loaded(_read(workspace.folder.path / file), file)["segments"]
    return DeclaredSegment(name, file, next(one for one in listed if str(one.get("name")) == name), text)


def _check_tag(name: str, before: DeclaredSegment | None, tag: str | None) -> None:
    if before is None:
        if tag is not None:
            raise ChangedSinceError(f'segment "{shorten(name)}" is not declared any more')
        return
    if tag is None:
        problem = f'segment "{shorten(name)}" is declared already, in {before.file}; say which version of it you mean'
        raise ChangedSinceError(problem, unsaid=True)
    if tag not in {"*", before.tag}:
        raise ChangedSinceError(f'segment "{shorten(name)}" was changed since you looked at it; look at it anew')


def _check_fields(document: Mapping[str, Any]) -> None:
    """Raise UsageError unless these are the fields of a segment."""
    try:
        segment_definitions_of({"segments": [document]}, "the segment")
    except DefinitionError as error:
        raise UsageError(str(error)) from error


def _path(workspace: Workspace, name: str, before: DeclaredSegment | None, file: str | None) -> Path:
    """Return the file to write to; a name that came from outside is never part of another path."""
    folder = workspace.folder.path / "segments"
    if before is not None:
        if file is not None and before.file != f"segments/{file}":
            raise UsageError(f'segment "{shorten(name)}" is declared in {before.file}; it cannot move from here')
        path = workspace.folder.path / before.file
    else:
        if not _NAME.fullmatch(name):
            problem = (
                f'"{shorten(name)}" is no name for a new segment: 1 to 100 letters, digits, "_", "-", "." and spaces'
            )
            raise UsageError(problem)
        if file is not None and not _FILE.fullmatch(file):
            raise UsageError(f'"{shorten(file)}" is no plain name of a file, such as {STUDIO}')
        path = folder / (file or STUDIO)
    if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{workspace.folder.name_of(path)} leads out of segments/; change it where it is")
    return path


def _check_new(workspace: Workspace, found: Iterable[SegmentDefinition], file: str, name: str) -> None:
    """Raise unless the segments as they would be can be read, and the changed one's rule makes sense."""
    others = [one for one in workspace.declared.values() if one.file != file]
    declared = by_name([*others, *found])
    catalog = workspace.catalog()
    settings = workspace.settings
    left_out = left_out_of(catalog, declared)
    catalog = replace(
        catalog,
        periods=settings.periods,
        purposes=settings.consent.categories(),
        segments={one.name: one.where for one in declared.values() if one.name not in left_out},
    )
    segment = declared[name]
    for test in segment.tests:
        if test.form in {"disjoint_from", "subset_of"} and test.name not in declared:
            raise UnknownNameError("segment", test.name, declared, where=f'a test of "{shorten(name)}"')
    if name in left_out:
        # What it needs is not known yet: its syntax is all that can be read.
        parse_rule(segment.where, workspace.language)
    else:
        check_seeds(workspace, name, read_rule(segment.where, catalog))


def _users_of(workspace: Workspace, name: str) -> Iterator[str]:
    """Yield what refers to a segment, in words."""
    for other in workspace.declared.values():
        if other.name != name:
            named = {leaf.name for leaf in segments_in(parse_rule(other.where, workspace.language))}
            named |= {one.name for one in other.tests if one.form in {"disjoint_from", "subset_of"}}
            if name in named:
                yield f'segment "{shorten(other.name)}"'
    for score in workspace.scores:
        if isinstance(score, LookalikeDefinition | SupervisedDefinition) and name in score.seeds:
            yield f'score "{shorten(score.name)}"'
    for journey in workspace.journeys:
        if journey.segment == name:
            yield f'journey "{shorten(journey.name)}"'


def _read(path: Path) -> str:
    """Return the text of a file, "" if there is none; raises StorageError."""
    try:
        return path.read_bytes().decode().replace("\r\n", "\n") if path.exists() else ""
    except OSError as error:
        raise StorageError(f"could not read {path}: {error.strerror}; mend its rights, then try again") from error


def _write(path: Path, text: str) -> None:
    """Write a file as a whole or not at all, with the line ends and the rights that it has; raises StorageError."""
    with writing_whole(path, forced=True) as file:
        windows = path.exists() and b"\r\n" in path.read_bytes()
        file.write((text.replace("\n", "\r\n") if windows else text).encode())
        if path.exists():
            os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
