"""Files that scores read, beside the project's data, and names that they may not take from others."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

from sqlglot import exp

from kohort.definitions.provenance import provenance_of
from kohort.errors import DefinitionError, KohortError
from kohort.pipeline.workspace import Workspace

_PIECE = 2**20


def declared_file(workspace: Workspace, name: str, error: type[KohortError] = DefinitionError) -> Path:
    """Return the path of a file that the project declares; raises `error` if it is not there."""
    path = workspace.folder.path / name
    if not path.is_file():
        raise error(f'there is no file "{name}" in the project; put it there, or declare another')
    if not path.resolve().is_relative_to(workspace.folder.path.resolve()):
        raise error(f'"{name}" leads out of the project; put the file itself into its folder')
    return path


def content_of(workspace: Workspace, names: Iterable[str]) -> str:
    """Return what differs whenever the content of declared files does; a file that is missing says so."""
    found = []
    for name in names:
        path = workspace.folder.path / name
        digest = blake2b(digest_size=16)
        if path.is_file():
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
        found.append(digest.hexdigest() if path.is_file() else "missing")
    return " ".join(found)


def refuse_told_traits(workspace: Workspace, score: str, traits: Sequence[str]) -> None:
    """Raise DefinitionError if a source, or another score, tells one of the traits that a score is to write.

    What scores wrote that are declared no longer, a score under its former name for one, is in nobody's way.
    """
    catalog = workspace.catalog({})
    known = [one for one in traits if one in catalog.traits]
    if not known:
        return
    query = (
        exp.select(
            "name", "source", exp.StartsWith(this=exp.column("value_id"), expression=exp.Literal.string("score:"))
        )
        .distinct()
        .from_("trait_values")
        .where(exp.In(this=exp.column("name"), expressions=[exp.Placeholder() for _ in known]))
        .order_by("name", "source")
    )
    with workspace.views(catalog) as views:
        rows = views.sql(query.sql(dialect="duckdb"), params=known).fetchall()
    declared = {one.name for one in workspace.scores} - {score}
    others = [
        (name, teller)
        for name, source, computed in rows
        if (teller := provenance_of(source).name) != score and (teller in declared or not computed)
    ]
    if others:
        name, source = others[0]
        raise DefinitionError(
            f'score "{score}": the trait {name} is told by {source} already; give the score a prefix, '
            "or name its traits otherwise"
        )
