"""Merges as they were proposed last, for processes that cannot find them anew, and what was decided.

Pairs are kept by their ids alone, in a file beside the tables: what people are called is read when it is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from kohort.clock import Moment
from kohort.pipeline.biography import traits_of
from kohort.pipeline.duplicates.proposals import Proposals, ProposedPair
from kohort.pipeline.projecting.identities import edits_of
from kohort.pipeline.workspace import Workspace
from kohort.profiles.graph import Edit, in_force
from kohort.storage.lookups import rows_with
from kohort.storage.whole import write_whole

_MERGED: Final = 2
"""How many identifiers a merge by hand names."""


@dataclass(frozen=True)
class KeptProposals:
    """What was proposed as of `at`, the surest first, families last; `traits` are those that were compared."""

    at: Moment
    threshold: float
    traits: tuple[str, ...]
    pairs: tuple[ProposedPair, ...]


@dataclass(frozen=True)
class Decided:
    """What somebody decided by hand of two people, by an identifier of each, and why: "merge" or "split"."""

    at: Moment
    change: str
    left: str
    right: str
    reason: str


def keep_proposals(workspace: Workspace, found: Proposals, at: Moment) -> None:
    """Keep what was found in place of what was before; raises StorageError if the disk refuses."""
    pairs = tuple(ProposedPair(one.left, one.right, one.probability, one.kin, one.weights) for one in found.proposals)
    kept = KeptProposals(at, found.threshold, tuple(one.column for one in found.fields), pairs)
    write_whole(workspace.folder.proposals, msgspec.json.encode(kept), forced=False)


def kept_proposals(workspace: Workspace) -> KeptProposals | None:
    """Return what was proposed last and is still to decide, None if nobody has looked yet.

    Pairs are left out of whom one has become somebody else, and those that somebody has decided.
    """
    try:
        content = workspace.folder.proposals.read_bytes()
    except FileNotFoundError:
        return None
    kept = msgspec.json.decode(content, type=KeptProposals)
    people = sorted({person for one in kept.pairs for person in (one.left, one.right)})
    rows = rows_with(workspace.tables, "actors", "actor_id", people).to_pylist() if people else []
    there = {row["actor_id"] for row in rows if row["person_id"] == row["actor_id"]}
    apart = [one for one in in_force(edits_of(workspace.tables)) if one.change == "split"]
    pairs = tuple(
        one
        for one in kept.pairs
        if one.left in there and one.right in there and not any(_parts(edit, one) for edit in apart)
    )
    return KeptProposals(kept.at, kept.threshold, kept.traits, pairs)


def compared(
    workspace: Workspace, pairs: Sequence[ProposedPair], traits: Sequence[str], at: Moment
) -> list[Mapping[str, tuple[str, str]]]:
    """Return what both people of each pair have of some traits as of a moment, "" where it is not known."""
    told: dict[str, dict[str, str]] = {}
    for person in {person for one in pairs for person in (one.left, one.right)}:
        held = traits_of(workspace, person, at)
        told[person] = {one.name: str(one.value) for one in held if one.value is not None}
    return [{name: (told[one.left].get(name, ""), told[one.right].get(name, "")) for name in traits} for one in pairs]


def decided(workspace: Workspace, most: int) -> list[Decided]:
    """Return what was decided by hand and holds, the newest first, at most so many."""
    found = []
    for edit in reversed(in_force(edits_of(workspace.tables))):
        sides = edit.apart[:_MERGED] if edit.change == "merge" else (*edit.apart[:1], *edit.rest[:1])
        if len(sides) == _MERGED:
            found.append(Decided(edit.recorded_at, edit.change, *sides, edit.reason))
    return found[:most]


def _parts(edit: Edit, one: ProposedPair) -> bool:
    orders = ((one.left, one.right), (one.right, one.left))
    return any(left in edit.apart and right in edit.rest for left, right in orders)
