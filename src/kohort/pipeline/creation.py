"""`init`: a new project's folder."""

from pathlib import Path

import yaml

from kohort.clock import zone_of
from kohort.definitions.project import project_document
from kohort.errors import ProjectError, StorageError
from kohort.segments.templates import template
from kohort.storage.folder import ProjectFolder

_TRACKING = """\
# The events and traits that this project expects: other names, types, required properties.
# What is not declared here is accepted as it comes.
events: {}
"""

_IGNORED = "data/\nreport.html\n"


def create_project(path: Path, time_zone: str) -> ProjectFolder:
    """Make a project in a new or empty folder, with the reference segments and scores.

    Raises ProjectError if something is there already, DefinitionError for an unknown time zone.
    """
    zone_of(time_zone)
    folder = ProjectFolder(path)
    folder.check_place()
    if folder.settings.exists():
        raise ProjectError(f'"{path}" is a project already; open it with --project {path}')
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ProjectError(f'"{path}" is not empty; name a new folder')
    name = path.resolve().name
    files = {
        "kohort.yaml": yaml.safe_dump(project_document(name, time_zone), sort_keys=False),
        "tracking.yaml": _TRACKING,
        "segments/reference.yaml": template("reference.yaml"),
        "scores/reference.yaml": template("scores.yaml"),
        ".gitignore": _IGNORED,
    }
    try:
        for file, text in files.items():
            target = path / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        (path / "sources").mkdir()
    except OSError as error:
        raise StorageError(f'could not make a project in "{path}": {error.strerror}') from error
    return folder
