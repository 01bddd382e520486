"""A model of the registry with what was found when it learnt: one file, whose model is signed by the project."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from kohort.errors import UnknownNameError
from kohort.learning.models.document import document_of, model_of, signing_key
from kohort.learning.models.plain import PlainModel
from kohort.pipeline.learning.registry.entries import content_of, live_model
from kohort.pipeline.workspace import Workspace
from kohort.storage.state import State

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Kept(Generic[Found]):
    """A model as it was kept: what was found, and the model, whose signature is this project's."""

    found: Found
    model: PlainModel


class _Told(msgspec.Struct, Generic[Found], frozen=True):
    """What was found, as it stands in the file beside the model."""

    found: Found


class _Signed(msgspec.Struct, frozen=True):
    """The model of a file, whatever else was found."""

    model: msgspec.Raw


def project_key(workspace: Workspace) -> bytes:
    """Return the secret that a project signs its models with."""
    return signing_key(State(workspace.folder.state))


def signed_content(workspace: Workspace, found: object, model: PlainModel) -> bytes:
    """Return what was `found`, and the model as a signed document, as the registry keeps them."""
    return msgspec.json.encode({"found": found, "model": msgspec.Raw(document_of(model, project_key(workspace)))})


def found_in(content: bytes, kind: type[Found]) -> Found:
    """Return what was found when a model learnt, a document of the `kind`; the model is not read."""
    told: _Told[Found] = msgspec.json.decode(content, type=_Told[kind])  # type: ignore[valid-type]
    return told.found


def found_in_force(
    workspace: Workspace, score: str, kind: type[Found], among: Sequence[str], called: str
) -> Found | None:
    """Return what was found, a document of the `kind`, when the model of a score learnt that is in force.

    None before the first. `among` are the declared scores of the kind, which is `called` so where it is spoken of.
    Raises UnknownNameError for a score that is none of them, CorruptionError if the file is not what it was.
    """
    if score not in among:
        raise UnknownNameError(called, score, among, where="the scores of that kind that scores/ declares")
    live = live_model(workspace, score)
    return None if live is None else found_in(content_of(workspace, live), kind)


def signed_model(content: bytes, key: bytes) -> PlainModel:
    """Return the model alone, whatever else was found.

    Raises CorruptionError if no project with this `key` signed it, ProjectError if it cannot be read.
    """
    return model_of(bytes(msgspec.json.decode(content, type=_Signed).model), [key])


def opened(workspace: Workspace, content: bytes, kind: type[Found]) -> Kept[Found]:
    """Return what was found, a document of the `kind`, and the model; raises as `signed_model`."""
    return Kept(found_in(content, kind), signed_model(content, project_key(workspace)))
