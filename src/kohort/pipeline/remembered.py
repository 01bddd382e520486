"""Answers that are kept for as long as nothing they were made from has changed.

What an answer was made from is told as broadly as can be: every table, by its commit, and every file that people
declare things in, by its content. Whatever changes, it is found anew, so that an answer that was kept is the answer.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, TypeVar

from kohort.pipeline.workspace import Workspace
from kohort.storage.lookups import Standing
from kohort.storage.schemas import SCHEMAS

_KINDS: Final = ("segments", "scores", "sources")
_MOST: Final = 128

Answer = TypeVar("Answer")


class ProjectState:
    """A project as it stands: equal while no table was written and no definition changed."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        folder, declared = workspace.folder, blake2b()
        for path in (folder.settings, folder.tracking, *(one for kind in _KINDS for one in folder.definitions(kind))):
            content = path.read_bytes() if path.exists() else b""
            declared.update(f"{path}\0{len(content)}\0".encode() + content)
        self._key = (Standing(workspace.tables, *SCHEMAS), declared.digest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProjectState) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def remembered(ask: Callable[..., Answer], workspace: Workspace, *asked: Hashable) -> Answer:
    """Return `ask(workspace, *asked)`, which depends on tables and definitions alone, and which nobody changes."""
    answer: Answer = _answered(ProjectState(workspace), ask, asked)
    return answer


@lru_cache(maxsize=_MOST)
def _answered(state: ProjectState, ask: Callable[..., Any], asked: tuple[Hashable, ...]) -> Any:
    return ask(state.workspace, *asked)
