"""Who look-alikes are learnt from: members of the seed, and everybody outside, who may or may not be like them."""

from dataclasses import dataclass, replace

import numpy as np

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition, LookedAt
from kohort.learning.importance.results import LeftOut
from kohort.learning.prediction.examples import Examples
from kohort.pipeline.learning.cluster_features import telling_features
from kohort.pipeline.learning.known import Known, known_at
from kohort.pipeline.learning.lookalikes.documents import EntriesLookedAt
from kohort.pipeline.learning.lookalikes.entries import entry_examples
from kohort.pipeline.learning.lookalikes.inside import people_inside
from kohort.pipeline.learning.prediction_examples import table_of
from kohort.pipeline.learning.seeds import SeedRules, features_apart, scores_apart
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True, eq=False)
class SeedExamples:
    """The rows that are learnt from, as of `cut_off`, with what was left out; `reached` says who is of the seed.

    `members` counts the seed, and `entered_before` those of it who were in it at the cut-off already, and are not
    learnt from: what was known of them then may have come from being in it. Where each was looked at at a moment of
    their own, `entries` tells of these, and `cut_off` is the first.
    """

    examples: Examples
    left_out: tuple[LeftOut, ...]
    cut_off: Moment
    members: int
    entered_before: int
    entries: EntriesLookedAt | None = None


def seed_examples(
    workspace: Workspace, definition: LookalikeDefinition, seed: SeedRules, at: Moment
) -> SeedExamples | str:
    """Return who is learnt from as of `at`, or why nobody can be; all of it was known strictly before the cut-off.

    A feature that alone tells the seed apart (AUC or association of 0.98) is left out too: it copies the rule.
    """
    if definition.at is LookedAt.RUN:
        return _at_one_moment(workspace, definition, seed, at)
    found = entry_examples(workspace, definition, seed, at)
    if isinstance(found, str):
        return found
    examples, telling = _without_telling(found.examples)
    first = min(found.looked_at.moments, default=at)
    left_out = (*found.left_out, *telling)
    return SeedExamples(examples, left_out, first, found.members, found.entered_before, found.looked_at)


def _at_one_moment(workspace: Workspace, definition: LookalikeDefinition, seed: SeedRules, at: Moment) -> SeedExamples:
    cut_off = at - definition.before
    known = known_at(workspace, cut_off - 1, scores_apart(workspace, seed))
    before, asked = people_inside(workspace, definition, seed, cut_off)
    now = before if cut_off == at else people_inside(workspace, definition, seed, at)[0]
    early = before if cut_off < at else frozenset()
    people = [one for one in known.people if one not in early and (asked is None or one in asked)]
    reached = np.array([one in now for one in people], dtype=bool)
    [columns], out = features_apart(workspace, [known], seed, definition.features, f'score "{definition.name}"')
    whole = Examples(table_of(known, columns, people), reached, np.arange(len(people)))
    examples, telling = _without_telling(whole)
    return SeedExamples(examples, (*out, *telling), cut_off, len(now), len(now & early))


def people_outside(
    workspace: Workspace, definition: LookalikeDefinition, seed: SeedRules, at: Moment
) -> tuple[Known, list[str]]:
    """Return what was known strictly before `at`, and who is asked about: those outside the seed at that moment."""
    known = known_at(workspace, at - 1, scores_apart(workspace, seed))
    inside, asked = people_inside(workspace, definition, seed, at)
    return known, [one for one in known.people if one not in inside and (asked is None or one in asked)]


def _without_telling(examples: Examples) -> tuple[Examples, tuple[LeftOut, ...]]:
    reached = examples.reached
    telling = telling_features(examples.table, reached) if reached.any() and not reached.all() else ()
    return replace(examples, table=examples.table.without({one.name for one in telling})), telling
