"""A project's folder: where things stand, and reading the YAML files that people write."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar, cast

import yaml

from kohort.errors import DefinitionError, ProjectError

# The safe loader in C, where PyYAML was built with it: the same documents, ten times faster.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REFUSED: Final = frozenset("%[]^|\\")
_KEPT: Final = 64
"""How many files' definitions are held; what a project reads at every question is among the newest."""
Made = TypeVar("Made")


class ProjectFolder:
    """The paths of a project.

    >>> ProjectFolder(Path("shop")).journal.as_posix()
    'shop/data/journal'
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = path / "kohort.yaml"
        self.tracking = path / "tracking.yaml"
        data = path / "data"
        self.lock = data / "lock"
        self.engine = data / "engine.lock"
        self.editing = data / "editing.lock"
        self.uploads = data / "uploads"
        self.holder = data / "holder"
        self.state = data / "state.sqlite"
        self.measurements = data / "measurements.json"
        self.delivering = data / "delivering.lock"
        self.publishing = data / "publishing.lock"
        self.training = data / "training.lock"
        self.training_asked = data / "training.asked"
        self.delivery_measurements = data / "deliveries.json"
        self.collectors = data / "collectors"
        self.watch = data / "watch"
        self.journal = data / "journal"
        self.tables = data / "tables"
        self.recent = data / "recent"
        self.seen = data / "seen"
        self.mapped = data / "mapped"
        self.proposals = data / "proposals.json"
        self.geocoding = data / "geocoding.sqlite"
        self.scores = data / "scores"
        self.models = data / "models"
        self.report = path / "report.html"

    def check_place(self) -> None:
        """Raise ProjectError if the path holds a character with which Delta Lake's library cannot find its files."""
        refused = sorted(set(str(self.path.resolve())) & _REFUSED)
        if refused:
            raise ProjectError(
                f'tables cannot stand in "{self.path}", because of {" ".join(refused)} in its path; '
                "choose a folder whose path is without " + " ".join(sorted(_REFUSED))
            )

    def check(self) -> None:
        """Raise ProjectError if there is no project here, or none can be."""
        self.check_place()
        if not self.settings.is_file():
            raise ProjectError(
                f'no project in "{self.path}": there is no kohort.yaml; '
                "name the project's folder with --project DIR, or make one with: kohort init DIR"
            )

    def definitions(self, kind: str) -> list[Path]:
        """Return the YAML files of a kind ("segments", "scores", "sources"), sorted by name."""
        folder = self.path / kind
        return sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml"})

    def name_of(self, path: Path) -> str:
        """Return a file's name as messages say it: relative to the project."""
        return path.relative_to(self.path).as_posix()

    def read_yaml(self, path: Path) -> object:
        """Return the content of a YAML file; an empty one is an empty mapping.

        Raises DefinitionError with file and line if it cannot be read as YAML.
        """
        return _document(self.name_of(path), self._text(path))

    def read_definition(self, path: Path, make: Callable[[object, str], Made]) -> Made:
        """Return what `make` makes of the content of a YAML file and its name, once while the text is the same.

        So what is made must be frozen: others are given it too. Raises what `read_yaml` and `make` do.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     folder, made = ProjectFolder(Path(place)), []
        ...     make = lambda found, name: made.append((name, found))
        ...     for text in ("a: 1", "a: 1", "a: 2"):
        ...         _ = folder.settings.write_text(text)
        ...         folder.read_definition(folder.settings, make)
        >>> made
        [('kohort.yaml', {'a': 1}), ('kohort.yaml', {'a': 2})]
        """
        return cast("Made", _defined(make, self.name_of(path), self._text(path)))

    def _text(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DefinitionError(f"{self.name_of(path)}: not a text file in UTF-8: {error}") from error
        except OSError as error:
            raise ProjectError(f"could not read {path}: {error.strerror}") from error


def _document(name: str, text: str) -> object:
    try:
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are safe
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise DefinitionError(f"{name}{line}: {error.problem or error}") from error
    except yaml.YAMLError as error:
        raise DefinitionError(f"{name}: not a text file in UTF-8: {error}") from error
    return {} if document is None else document


@lru_cache(maxsize=_KEPT)
def _defined(make: Callable[[object, str], object], name: str, text: str) -> object:
    return make(_document(name, text), name)
