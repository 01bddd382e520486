"""What every part of the facade builds on."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from kohort.clock import Clock, Moment
from kohort.storage.folder import ProjectFolder

if TYPE_CHECKING:
    from kohort.definitions.project import ProjectDefinition
    from kohort.pipeline.workspace import Workspace


class Facet:
    """A part of `Project`, which has a folder and a clock and can open its workspace."""

    folder: ProjectFolder
    clock: Clock

    def _workspace(self) -> "Workspace":
        raise NotImplementedError

    def _writing(self) -> "AbstractContextManager[tuple[Workspace, Callable[[], int]]]":
        raise NotImplementedError

    def _moment(self, workspace: "Workspace", at: str | Moment | None) -> Moment:
        raise NotImplementedError

    @property
    def settings(self) -> "ProjectDefinition":
        """What `kohort.yaml` declares, read anew."""
        return self._workspace().settings
