"""What may be stored: of a source that requires consent, only what was consented to."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from kohort.collection.segment_lines import SEGMENT
from kohort.errors import DefinitionError, did_you_mean, shorten
from kohort.pipeline.projecting.consents import Consents, actors_of
from kohort.pipeline.workspace import Workspace
from kohort.profiles.consents import Choice, consent_at
from kohort.storage.messages import Choices, Message, Values, derived_id


def admitted(workspace: Workspace, messages: Sequence[Message]) -> tuple[list[Message], int]:
    """Return the messages that may be stored, and how many may not.

    A message of a source that requires consent to purposes may be stored if it tells that they are granted, or tells
    nothing of them and they were granted before, by its own time. Of one that may not nothing is kept, but where the
    person is known already what it tells of consent: they may be withdrawing it.
    """
    required = requirements(workspace)
    if not any(required.get(one.source) for one in messages):
        return list(messages), 0
    purposes = workspace.settings.consent.categories()
    definition = workspace.settings.identity
    actors = {one.event_id: actors_of(one, definition) for one in messages}
    told = [
        Choice(actor, one.choices.form, category, one.ts, granted)
        for one in messages
        if one.choices is not None
        for actor in actors[one.event_id]
        for granted, categories in ((True, one.choices.granted), (False, one.choices.denied))
        for category in categories
    ]
    consents = Consents(workspace.tables, purposes, {actor for its in actors.values() for actor in its}, told)
    kept, withheld = [], 0
    for one in messages:
        its = actors[one.event_id]
        if one.type == "consent" or all(
            _granted(one, purposes[purpose], consents.to(purpose, its, one.ts))
            for purpose in required.get(one.source, ())
        ):
            kept.append(one)
            continue
        withheld += 1
        if one.choices is not None and consents.known(its):
            event_id = derived_id(one.source, ["consent", one.event_id])
            bare = {"event_id": event_id, "type": "consent", "name": "", "values": Values(), "shared": {}}
            kept.append(msgspec.structs.replace(one, **bare))
    return kept, withheld


def requirements(workspace: Workspace) -> Mapping[str, tuple[str, ...]]:
    """Return the purposes that each source requires.

    Raises DefinitionError for a purpose that is not declared, and for a source that nobody knows: no files, no webhook
    and no write key are its.
    """
    consent = workspace.settings.consent
    found = dict(consent.required)
    read = [SEGMENT, *(source.name for source in workspace.sources)]
    if not found.keys() <= set(read):
        _check_received(workspace, found, read)
    for source in workspace.sources:
        for purpose in source.requires_consent:
            if purpose not in consent.purposes:
                hint = did_you_mean(purpose, consent.purposes)
                raise DefinitionError(f'{source.file}, field "requires_consent": unknown purpose "{purpose}"; {hint}')
        found[source.name] = (*found.get(source.name, ()), *source.requires_consent)
    return found


def told_by(choices: Choices | None, categories: Collection[str]) -> bool | None:
    """Return whether a message, whose choices these are, itself grants a purpose; None if it tells nothing of it.

    >>> told_by(Choices("segment", granted=["Advertising"], denied=["ad_user_data"]), ["ads", "Advertising"])
    True
    """
    if choices is None:
        return None
    own = [Choice("", "", one, 0, granted=True) for one in choices.granted]
    own += [Choice("", "", one, 0, granted=False) for one in choices.denied]
    return consent_at(own, categories, 0)


def _granted(message: Message, categories: Sequence[str], before: bool | None) -> bool:
    """Return whether a purpose is granted by what a message tells of it, else by what was told before."""
    told = told_by(message.choices, categories)
    return bool(before if told is None else told)


def _check_received(workspace: Workspace, required: Iterable[str], read: Sequence[str]) -> None:
    # What lets programs in is needed, and loaded, only where a source is none of files.
    from kohort.governance.keys import Keys  # noqa: PLC0415
    from kohort.storage.state import State  # noqa: PLC0415

    keys = Keys(State(workspace.folder.state), workspace.clock).list()
    received = [one.source for one in workspace.webhooks] + [one.name for one in keys if one.kind == "write"]
    known = sorted({*read, *received})
    for name in required:
        if name not in known:
            raise DefinitionError(
                f'kohort.yaml, field "consent.required.{name}": no files, no webhook and no write key are of a source '
                f'"{shorten(name)}"; make its key first, or {did_you_mean(name, known)}'
            )
