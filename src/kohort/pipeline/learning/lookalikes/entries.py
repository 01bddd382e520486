"""Who look-alikes are learnt from, each as of their own moment: members when they entered, others when drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.learning.importance.results import LeftOut
from kohort.learning.lookalike.moments import drawn_like, moments_looked_at, worth_comparing
from kohort.learning.prediction.examples import Examples
from kohort.pipeline.learning.computing import scores_needed
from kohort.pipeline.learning.known import Known, known_at
from kohort.pipeline.learning.lookalikes.documents import EntriesLookedAt
from kohort.pipeline.learning.lookalikes.inside import people_inside
from kohort.pipeline.learning.prediction_examples import joined, table_of
from kohort.pipeline.learning.seeds import SeedRules, features_apart, scores_apart
from kohort.pipeline.moving import LOG_ROWS_A_RECORD
from kohort.pipeline.versions import readable
from kohort.pipeline.workspace import Workspace
from kohort.segments.log import net_changes
from kohort.storage.row_groups import rows_among


@dataclass(frozen=True, eq=False)
class EntryExamples:
    """Rows of people as of their own moments, what was left out, and who was looked at when, of so many `members`.

    `entered_before` counts members who were in the seed at their moment already: they had been in it once.
    """

    examples: Examples
    left_out: tuple[LeftOut, ...]
    looked_at: EntriesLookedAt
    members: int
    entered_before: int


@dataclass(frozen=True, eq=False)
class _Then:
    """A moment: what was known before it, who was in the seed, and who was asked about, None for everybody."""

    known: Known
    inside: frozenset[str]
    asked: frozenset[str] | None

    def has(self, person: str) -> bool:
        """Whether somebody who was known then was not in the seed, and is asked about."""
        return person not in self.inside and (self.asked is None or person in self.asked)


def first_entries(workspace: Workspace, segment: str, at: Moment) -> dict[str, Moment]:
    """Return when each person first entered a segment, by what the membership log says of the time up to `at`."""
    log = rows_among(workspace.tables, "membership_log", {"segment": [segment]})
    log = log.filter(pc.less(log.column("seq"), (readable(workspace.tables) + 1) * LOG_ROWS_A_RECORD))
    found: dict[str, Moment] = {}
    for (_, person), rows in net_changes(log.sort_by("seq").to_pylist()).items():
        entered = [one.effective_at for one in rows if one.change == "entered" and one.effective_at <= at]
        if entered:
            found[person] = min(entered)
    return found


def entry_examples(
    workspace: Workspace, definition: LookalikeDefinition, seed: SeedRules, at: Moment
) -> EntryExamples | str:
    """Return who is learnt from as of `at`, or why nobody is: everything was known strictly before their moments.

    That of a member is the last one looked at that is not after their first entry, less `before`; of others it is drawn
    in the proportions of members, among those known then. Who was a member once and is none is on neither side.
    """
    entries = first_entries(workspace, definition.seed, at)
    members, _ = people_inside(workspace, definition, seed, at)
    logged = sorted(members & entries.keys())
    if not logged:
        return (
            f'no member of "{definition.seed}" has a moment of entry in the membership log, and at: entry looks at '
            "what was known before it; once the segment is in force (kohort run, or kohort apply) run again, or leave "
            "out at: entry"
        )
    moments, places = moments_looked_at(
        np.array([entries[one] - definition.before for one in logged], dtype=np.int64), definition.moments
    )
    place_of = dict(zip(logged, places.tolist(), strict=True))
    then = [_then(workspace, definition, seed, moment) for moment in moments.tolist()]
    counts = _Counts()
    inside = [
        [one for one in each.known.people if place_of.get(one) == place and counts.takes(each, one)]
        for place, each in enumerate(then)
    ]
    beside = _others(then, inside, members | entries.keys(), definition.random_seed)
    used = [place for place, people in enumerate(beside) if people]
    counts.unmatched = sum(len(inside[place]) for place in range(len(then)) if place not in used)
    where = f'score "{definition.name}"'
    found = features_apart(workspace, [each.known for each in then], seed, definition.features, where)
    parts = []
    for place in used:
        people = [*inside[place], *beside[place]]
        reached = np.arange(len(people)) < len(inside[place])
        parts.append((table_of(then[place].known, found[0][place], people), reached, np.full(len(people), place)))
    whole = joined(parts, table_of(then[0].known, found[0][0], ()))
    learnt = int(whole.reached.sum())
    looked_at = EntriesLookedAt(
        moments=tuple(int(moments[place]) for place in used),
        learnt=learnt,
        others=len(whole) - learnt,
        unlogged=len(members) - len(logged),
        unknown=len(logged) - learnt - counts.unmatched - counts.entered_before - counts.asked_for_not,
        unmatched=counts.unmatched,
        asked_for_not=counts.asked_for_not,
        former=len(entries.keys() - members),
    )
    # Everybody is there once, so folds are by person: that of a moment says nothing, and is not to be told by.
    examples = Examples(whole.table, whole.reached, whole.groups)
    return EntryExamples(examples, found[1], looked_at, len(members), counts.entered_before)


@dataclass
class _Counts:
    """Members who are not learnt from, by the reason."""

    entered_before: int = 0
    asked_for_not: int = 0
    unmatched: int = 0

    def takes(self, then: _Then, member: str) -> bool:
        """Whether a member who was known then is learnt from; counted if not."""
        if member in then.inside:
            self.entered_before += 1
        elif not then.has(member):
            self.asked_for_not += 1
        return then.has(member)


def _then(workspace: Workspace, definition: LookalikeDefinition, seed: SeedRules, moment: Moment) -> _Then:
    scores = scores_apart(workspace, seed)
    if definition.features:
        # Only scores that compute a feature that is named need to be computed at every moment.
        scores = [one for one in scores_needed(workspace, definition.features) if one.name not in seed.scores]
    # A member of whom this is the moment of entry is not inside yet.
    before = moment - 1
    return _Then(known_at(workspace, before, scores), *people_inside(workspace, definition, seed, before))


def _others(
    then: Sequence[_Then], members: Sequence[Sequence[str]], apart: frozenset[str], seed: int
) -> list[list[str]]:
    """Return who outside is looked at at each moment; nobody where nobody is compared."""
    people = sorted({one for each in then for one in each.known.people} - apart)
    place_of = {one: place for place, one in enumerate(people)}
    eligible = np.zeros((len(then), len(people)), dtype=bool)
    for row, each in zip(eligible, then, strict=True):
        row[[place_of[one] for one in each.known.people if one in place_of and each.has(one)]] = True
    sizes = np.array([len(its) for its in members], dtype=np.int64)
    kept = worth_comparing(sizes, eligible.sum(axis=1))
    drawn = drawn_like(np.where(kept, sizes, 0), eligible, seed=seed)
    return [[people[place] for place in np.flatnonzero(drawn == moment).tolist()] for moment in range(len(then))]
