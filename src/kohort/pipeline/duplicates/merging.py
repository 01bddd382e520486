"""Merges and splits by hand: records of the journal, exact, and each taken back by the other."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import msgspec

from kohort.errors import UsageError
from kohort.pipeline.projecting.identities import evidence_of
from kohort.pipeline.segments.people import actor_named
from kohort.pipeline.workspace import Workspace
from kohort.profiles.graph import Edit, Evidence, nearer
from kohort.storage.records import PeopleEdited


def merge_people(workspace: Workspace, one: str, other: str, reason: str, catch_up: Callable[[], int]) -> str:
    """Make two people one, and return their person id: splits that part them are taken back first.

    Raises UnknownNameError for people that nobody knows, UsageError for two who are one already.
    """
    first, second = actor_named(workspace, one), actor_named(workspace, other)
    evidence = evidence_of(workspace.tables)
    person_of = evidence.persons().person_of
    if person_of[first] == person_of[second]:
        raise UsageError(f'"{one}" and "{other}" are one person already, {person_of[first]}')
    parting = parting_splits(evidence, first, second)
    restored = _persons_without(evidence, parting)
    needed = () if restored[first] == restored[second] else (first, second)
    _record(workspace, PeopleEdited("merge", needed, (), tuple(parting), reason))
    catch_up()
    return evidence_of(workspace.tables).persons().person_of[first]


def split_people(
    workspace: Workspace, one: str, other: str, reason: str, catch_up: Callable[[], int]
) -> tuple[str, str]:
    """Make two people of one, and return their person ids, that of `one` first.

    A merge by hand that joined them is taken back. Otherwise `other` leaves with the identifiers that are fewer links
    from it than from `one`, and stays apart from the rest whatever becomes known.

    Raises UnknownNameError for people that nobody knows, UsageError for two who are no one person.
    """
    first, second = actor_named(workspace, one), actor_named(workspace, other)
    if first == second:
        raise UsageError(f'"{one}" and "{other}" are one identifier; name another identifier of the same person')
    evidence = evidence_of(workspace.tables)
    person_of = evidence.persons().person_of
    if person_of[first] != person_of[second]:
        raise UsageError(f'"{one}" and "{other}" are two people already, {person_of[first]} and {person_of[second]}')
    for edit in reversed(evidence.in_force()):
        if edit.change == "merge" and edit.apart:
            restored = _persons_without(evidence, [edit.seq])
            if restored[first] != restored[second]:
                _record(workspace, PeopleEdited("split", (), (), (edit.seq,), reason))
                break
    else:
        apart = nearer(evidence.edges, first, second)
        rest = [actor for actor, person in person_of.items() if person == person_of[first] and actor not in apart]
        _record(workspace, PeopleEdited("split", tuple(sorted(apart)), tuple(sorted(rest)), (), reason))
    catch_up()
    after = evidence_of(workspace.tables).persons().person_of
    return after[first], after[second]


def keep_apart(workspace: Workspace, one: str, other: str, reason: str, catch_up: Callable[[], int]) -> None:
    """Say that two people are two, whatever becomes known.

    Raises UnknownNameError for people that nobody knows, UsageError for two who are one already.
    """
    first, second = actor_named(workspace, one), actor_named(workspace, other)
    person_of = evidence_of(workspace.tables).persons().person_of
    if person_of[first] == person_of[second]:
        raise UsageError(f'"{one}" and "{other}" are one person, {person_of[first]}; split them first')
    sides = [
        sorted(actor for actor, person in person_of.items() if person == person_of[end]) for end in (first, second)
    ]
    _record(workspace, PeopleEdited("split", tuple(sides[0]), tuple(sides[1]), (), reason))
    catch_up()


def let_together(workspace: Workspace, one: str, other: str, reason: str, catch_up: Callable[[], int]) -> None:
    """Take back what keeps two people apart, so that what is known decides again.

    Raises UnknownNameError for people that nobody knows, UsageError for two that nothing keeps apart.
    """
    first, second = actor_named(workspace, one), actor_named(workspace, other)
    parting = parting_splits(evidence_of(workspace.tables), first, second)
    if not parting:
        raise UsageError(f'nobody has said that "{one}" and "{other}" are two people')
    _record(workspace, PeopleEdited("merge", (), (), tuple(parting), reason))
    catch_up()


def parting_splits(evidence: Evidence, first: str, second: str) -> list[int]:
    """Return the numbers of the splits in force that keep the people of two actors apart."""
    person_of = evidence.persons().person_of
    sides = [{actor for actor, person in person_of.items() if person == person_of[end]} for end in (first, second)]
    return [
        edit.seq
        for edit in evidence.in_force()
        if edit.change == "split" and any(_parts(edit, *order) for order in (sides, sides[::-1]))
    ]


def _parts(split: Edit, left: Iterable[str], right: Iterable[str]) -> bool:
    return not set(split.apart).isdisjoint(left) and not set(split.rest).isdisjoint(right)


def _persons_without(evidence: Evidence, cancelled: Iterable[int]) -> dict[str, str]:
    """Return the person of each actor as if some edits had not been made."""
    last = Edit(2**62, 0, "split", (), (), tuple(cancelled))
    return dict(replace(evidence, edits=[*evidence.edits, last]).persons().person_of)


def _record(workspace: Workspace, edited: PeopleEdited) -> None:
    body = msgspec.json.encode(edited)
    workspace.journal.append("people", [body], recorded_at=workspace.clock.now())
