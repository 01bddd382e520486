"""What every part of the facade builds on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from kohort.clock import Clock, Moment
from kohort.errors import MissingExtraError
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


@contextmanager
def needs_extra(name: str, purpose: str) -> Iterator[None]:
    """Turn a library that is not installed into MissingExtraError, which names the extra that has it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("kohort"):
            raise
        raise MissingExtraError(name, purpose) from error
