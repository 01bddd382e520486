"""What a training would learn from, counted before any feature is read."""

import numpy as np
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.supervised import SupervisedDefinition
from kohort.pipeline.facts import first_seen
from kohort.pipeline.learning.lookalikes.inside import people_inside
from kohort.pipeline.learning.prediction import lacking, last_held_out
from kohort.pipeline.learning.prediction_examples import counted_examples
from kohort.pipeline.learning.retraining.foreseen import CutOff, Foreseen
from kohort.pipeline.learning.seeds import seed_rules
from kohort.pipeline.learning.supervised.examples import said_examples
from kohort.pipeline.workspace import Workspace


def foreseen_of_everybody(workspace: Workspace, at: Moment) -> Foreseen:
    """Return everybody who exists at a moment."""
    return Foreseen(len(_known(workspace, at + 1)))


def foreseen_of_the_past(workspace: Workspace, definition: PredictionDefinition, at: Moment) -> Foreseen:
    """Return the examples that a prediction would have as of `at`, at each of its cut-offs."""
    cut_offs, times, reached = counted_examples(workspace, definition, at)
    told = tuple(
        CutOff(one, int(np.count_nonzero(times == one)), int(np.count_nonzero(reached[times == one])))
        for one in cut_offs
    )
    lack = lacking(reached, last_held_out(times, cut_offs, definition))
    return Foreseen(len(reached), int(reached.sum()), told, lack)


def foreseen_of_a_seed(workspace: Workspace, definition: LookalikeDefinition, at: Moment) -> Foreseen:
    """Return those known before `at` who are asked about, and how many of them are in the seed at that moment."""
    known = _known(workspace, at)
    inside, asked = people_inside(workspace, definition, seed_rules(workspace, definition), at)
    people = known if asked is None else known & asked
    return Foreseen(len(people), len(people & inside))


def foreseen_of_answers(workspace: Workspace, definition: SupervisedDefinition, at: Moment) -> Foreseen:
    """Return the examples of whom one thing was said, and how many of them are a yes."""
    said = said_examples(workspace, definition, seed_rules(workspace, definition), at).said
    return Foreseen(len(said), sum(said.values()))


def _known(workspace: Workspace, before: Moment) -> frozenset[str]:
    seen = first_seen(workspace)
    return frozenset(seen.filter(pc.less(seen.column("first_seen"), before)).column("person_id").to_pylist())
