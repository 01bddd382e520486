"""The catalogue of personas: what was found of each, what people added, and what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

import msgspec

from kohort.clock import Moment, datetime_of
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.personas import PersonaEntry, PersonaPicture, SurveyFinding
from kohort.errors import UnknownNameError, UsageError
from kohort.learning.wording import Bilingual
from kohort.pipeline.declared_files import declared_file
from kohort.pipeline.learning.documents import DiscoveryDocument, discoveries
from kohort.pipeline.workspace import Workspace
from kohort.reports.data import PersonaCard
from kohort.reports.persona_data import Lineage
from kohort.stats.intervals import Interval, wilson_interval
from kohort.storage.records import PersonaNoted

Status = Literal["current", "gone", "unknown"]
_LONGEST_NOTE: Final = 10_000
_LARGEST_PICTURE: Final = 5_000_000
_PICTURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)


@dataclass(frozen=True)
class NoteTold:
    """A note, on which day and by whom; `kept_in` is the file where it stands, or "journal" for one of the studio."""

    day: date
    by: str
    text: str
    kept_in: str


@dataclass(frozen=True)
class SurveyTold:
    """A finding of a survey, and the share that agreed with its Wilson interval, None where it was not counted."""

    finding: SurveyFinding
    share: Interval | None


@dataclass(frozen=True)
class CataloguedPersona:
    """A persona with all that is known of it.

    It is "current" if the newest search found it, "gone" if only an earlier one did, and "unknown" if none has: then
    there is no card, and what people added is kept all the same. `card` is the newest, as of `at`; `since` is the
    moment of its first generation, of which there were `generations`. `merged_into` is the id of the one that took its
    people.
    """

    identity: str
    score: str
    status: Status
    name: Bilingual
    card: PersonaCard | None = None
    at: Moment | None = None
    since: Moment | None = None
    generations: int = 0
    merged_into: str | None = None
    notes: tuple[NoteTold, ...] = ()
    pictures: tuple[PersonaPicture, ...] = ()
    surveys: tuple[SurveyTold, ...] = ()
    segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class PersonaGeneration:
    """One search for clusters: the moment of its data, its verdict, how many personas it found, and who they were.

    `outside` counts the people who were in no cluster, and so in no persona.
    """

    score: str
    at: Moment
    verdict: str
    personas: int
    lineage: Lineage | None
    outside: int


def persona_catalogue(workspace: Workspace) -> tuple[CataloguedPersona, ...]:
    """Return every persona of every clusters score: those of today first, by their value, then what is left of others.

    Raises DefinitionError if a file of `personas/` is wrong, UnknownNameError if it names a segment that is none.
    """
    entries, noted = workspace.personas, _noted(workspace)
    for entry in entries.values():
        for segment in entry.segments:
            if segment not in workspace.segments:
                raise UnknownNameError("segment", segment, workspace.segments, where=f"{entry.file}, {entry.persona}")
    found: dict[str, CataloguedPersona] = {}
    for score in _scores(workspace):
        for one in _found(score, discoveries(workspace, score)):
            found[one.identity] = one
    for identity in sorted({*entries, *noted} - set(found)):
        found[identity] = CataloguedPersona(
            identity, identity.rpartition("-")[0], "unknown", Bilingual(identity, identity)
        )
    told = [_with(one, entries.get(one.identity), noted.get(one.identity, ())) for one in found.values()]
    order = {"current": 0, "gone": 1, "unknown": 2}
    return tuple(sorted(told, key=lambda one: order[one.status]))


def catalogued_persona(workspace: Workspace, identity: str) -> CataloguedPersona:
    """Return one persona by its lasting id, or by its name in either language; raises UnknownNameError."""
    found = persona_catalogue(workspace)
    for one in found:
        if identity == one.identity:
            return one
    named = [one for one in found if identity.casefold() in {one.name.en.casefold(), one.name.fr.casefold()}]
    if len(named) == 1:
        return named[0]
    raise UnknownNameError("persona", identity, [one.identity for one in found])


def persona_generations(workspace: Workspace, score: str | None = None) -> tuple[PersonaGeneration, ...]:
    """Return every search for clusters, the newest first; of one score, or of all.

    Raises UnknownNameError for a score that is none.
    """
    scores = _scores(workspace)
    if score is not None and score not in scores:
        raise UnknownNameError("clusters score", score, scores)
    found = [one for name in scores if score in {None, name} for one in discoveries(workspace, name)]
    found.sort(key=lambda one: one.at)
    return tuple(
        PersonaGeneration(
            one.name, one.at, one.report.verdict, len(one.report.personas), one.report.lineage, one.report.outside
        )
        for one in reversed(found)
    )


def note_persona(workspace: Workspace, identity: str, text: str, by: str) -> None:
    """Note something on a persona, in the journal; raises UnknownNameError, UsageError for an empty or endless text."""
    note = text.strip()
    if not note or len(note) > _LONGEST_NOTE or not by.strip():
        raise UsageError(f"a note has 1 to {_LONGEST_NOTE:,} characters, and somebody who wrote it")
    known = catalogued_persona(workspace, identity)
    body = msgspec.json.encode(PersonaNoted(known.identity, by.strip(), note))
    workspace.journal.append("note", [body], recorded_at=workspace.clock.now())


def persona_picture(workspace: Workspace, identity: str, number: int) -> tuple[bytes, str]:
    """Return the bytes and media type of a picture of a persona, from 0, whose file is in the project.

    Raises UnknownNameError where there is none, DefinitionError for a file that is missing, UsageError for one that is
    no picture by its first bytes, or larger than 5 MB.
    """
    pictures = catalogued_persona(workspace, identity).pictures
    if not 0 <= number < len(pictures) or not pictures[number].file:
        raise UnknownNameError("picture", str(number), [str(at) for at, one in enumerate(pictures) if one.file])
    path = declared_file(workspace, pictures[number].file)
    if path.stat().st_size > _LARGEST_PICTURE:
        raise UsageError(f'"{pictures[number].file}" is larger than 5 MB; put a smaller picture there')
    content = path.read_bytes()
    for begin, kind in _PICTURES:
        if content.startswith(begin) and (kind != "image/webp" or content[8:12] == b"WEBP"):
            return content, kind
    raise UsageError(f'"{pictures[number].file}" is no PNG, JPEG, GIF or WebP by its first bytes')


def _scores(workspace: Workspace) -> list[str]:
    """Return the clusters scores that are declared, and those of which something was found while they were."""
    declared = [one.name for one in workspace.scores if isinstance(one, ClustersDefinition)]
    searched = workspace.tables.read("models").column("name").to_pylist()
    return list(dict.fromkeys([*declared, *sorted(searched)]))


def _found(score: str, documents: list[DiscoveryDocument]) -> Iterator[CataloguedPersona]:
    last = documents[-1] if documents else None
    merged = {
        one.identity: one.merged_into
        for document in documents
        if document.report.lineage
        for one in document.report.lineage.gone
    }
    seen: dict[str, list[tuple[Moment, PersonaCard]]] = {}
    for document in documents:
        for card in document.report.personas:
            seen.setdefault(card.identity, []).append((document.at, card))
    current = [one.identity for one in last.report.personas] if last else []
    for identity in [*current, *(one for one in seen if one not in current)]:
        (since, _), (at, card) = seen[identity][0], seen[identity][-1]
        status: Status = "current" if identity in current else "gone"
        into = None if identity in current else merged.get(identity)
        yield CataloguedPersona(identity, score, status, card.name, card, at, since, len(seen[identity]), into)


def _noted(workspace: Workspace) -> dict[str, tuple[NoteTold, ...]]:
    found: dict[str, tuple[NoteTold, ...]] = {}
    for row in workspace.tables.read("persona_notes").sort_by("seq").to_pylist():
        day = datetime_of(row["recorded_at"], workspace.settings.zone).date()
        found[row["persona"]] = (*found.get(row["persona"], ()), NoteTold(day, row["by"], row["text"], "journal"))
    return found


def _with(one: CataloguedPersona, entry: PersonaEntry | None, noted: tuple[NoteTold, ...]) -> CataloguedPersona:
    """Return a persona with what people added to it, its notes by day."""
    if entry is None:
        return replace(one, notes=noted)
    written = (NoteTold(note.day, note.by, note.text, entry.file) for note in entry.notes)
    return replace(
        one,
        name=Bilingual(*entry.title) if entry.title else one.name,
        notes=tuple(sorted((*written, *noted), key=lambda note: note.day)),
        pictures=entry.pictures,
        surveys=tuple(SurveyTold(survey, _share(survey)) for survey in entry.surveys),
        segments=entry.segments,
    )


def _share(survey: SurveyFinding) -> Interval | None:
    if survey.asked is None or survey.agreed is None:
        return None
    return wilson_interval(survey.agreed, survey.asked)
