"""Look-alikes as a score: learnt from a seed, judged by its hidden members, told of nobody who is in it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.learning.lookalike.quality import quality_of_trained
from kohort.learning.models.plain import PlainModel
from kohort.learning.models.scoring import scores_of
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import FEWEST
from kohort.learning.prediction.judged import Chances
from kohort.learning.prediction.study import train
from kohort.pipeline.declared_files import refuse_told_traits
from kohort.pipeline.learning.chosen import Written, chosen_from
from kohort.pipeline.learning.lookalikes.cards import learnt_by, lookalike_entry
from kohort.pipeline.learning.lookalikes.documents import LookalikeDocument
from kohort.pipeline.learning.lookalikes.examples import SeedExamples, people_outside, seed_examples
from kohort.pipeline.learning.prediction_features import features_read
from kohort.pipeline.learning.prediction_models import plain_prediction
from kohort.pipeline.learning.registry.entries import content_of, live_model, record_training
from kohort.pipeline.learning.seeds import SeedRules, seed_rules
from kohort.pipeline.learning.signed import project_key, signed_content, signed_model
from kohort.pipeline.scoring import record_scores
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Found:
    """What was found, the model, and what it says of everybody outside the seed."""

    document: LookalikeDocument
    model: PlainModel
    written: Written


def find_lookalikes(
    workspace: Workspace,
    definition: LookalikeDefinition,
    seed: SeedRules,
    at: Moment,
    progress: Callable[[int, int], None] | None = None,
) -> Found | str:
    """Return how like the seed everybody outside it is as of `at`, and how good that is, or why nothing can be said.

    `progress` is told how many of how many steps of the learning are done.
    """
    refuse_told_traits(workspace, definition.name, definition.traits)
    past = seed_examples(workspace, definition, seed, at)
    if isinstance(past, str):
        return past
    lack = _lacking(past)
    if lack:
        return lack
    plan = Plan(definition.models, seed=definition.random_seed)
    done = train(past.examples, plan, rule=definition.rule or None, progress=progress)
    quality = quality_of_trained(done, past.examples.reached, past.examples.groups, seed=definition.random_seed)
    known, people = people_outside(workspace, definition, seed, at)
    plain = plain_prediction(done.model, past.examples.table)
    chances = scores_of(plain, features_read(known, people, plain))
    written, threshold = _written(definition, people, chances)
    document = LookalikeDocument(
        definition.name, at, past.cut_off, definition.seed, seed.sentences[definition.seed], past.members,
        past.entered_before, len(people), int((chances >= threshold).sum()), threshold, done.study, quality,
        past.left_out, past.entries,
    )  # fmt: skip
    return Found(document, plain, written)


def record_lookalikes(workspace: Workspace, definition: LookalikeDefinition, at: Moment) -> str:
    """Write how like the seed each person outside it is, by the model in force; return what was done, in words.

    Where none is in force, or the declaration or the seed's rule is another, a model learns, and is in force at once.
    """
    seed = seed_rules(workspace, definition)
    live = live_model(workspace, definition.name)
    if live is not None and live.entry is not None and live.entry.parameters == learnt_by(definition, seed):
        table, types = said_of_others(
            workspace, definition, signed_model(content_of(workspace, live), project_key(workspace)), at
        )
        record_scores(workspace, definition.name, table, types, at)
        return f"likeness of {table.num_rows:,} people by {live.named}"
    found = find_lookalikes(workspace, definition, seed, at)
    if isinstance(found, str):
        return found
    document, content = found.document, signed_content(workspace, found.document, found.model)
    record_training(workspace, lookalike_entry(workspace, definition, seed, document, content), content, live=True)
    record_scores(workspace, definition.name, *found.written, at)
    tenth, rule = document.quality.first[1], document.study.rule
    beside = f"beats {rule.name} alone" if rule.is_beaten else f"does not beat {rule.name} alone, take that"
    return (
        f"likeness of {document.outside:,} people outside {document.seed}, {document.chosen:,} chosen; of hidden "
        f"members {tenth.recall.estimate:.0%} in the first 10 %, {tenth.lift.estimate:.1f} times as many as by lot, "
        f"{beside}"
    )


def said_of_others(workspace: Workspace, definition: LookalikeDefinition, model: PlainModel, at: Moment) -> Written:
    """Return what a model says of everybody outside the seed as of `at`, and the traits' types."""
    known, people = people_outside(workspace, definition, seed_rules(workspace, definition), at)
    return _written(definition, people, scores_of(model, features_read(known, people, model)))[0]


def _written(definition: LookalikeDefinition, people: list[str], chances: Chances) -> tuple[Written, float]:
    """Return the traits of people outside the seed, and the chance from which on they are chosen."""
    threshold = definition.chance
    if not threshold:
        wanted = definition.how_many(len(people))
        threshold = float(np.sort(chances)[-wanted]) if wanted else np.inf
    return chosen_from(definition.traits, people, chances, threshold), threshold


def _lacking(past: SeedExamples) -> str:
    reached, entries = past.examples.reached, past.entries
    inside, outside = int(reached.sum()), int((~reached).sum())
    if min(inside, outside) < FEWEST:
        lack = (
            f"too few to learn from: {FEWEST} members and {FEWEST} others are needed; there are {inside} and {outside}"
        )
        if entries is not None:
            lack += (
                f" (nothing was known of {entries.unknown} members before they entered, and of hardly anybody else "
                f"beside {entries.unmatched}: more moments may help, or leave out at: entry)"
            )
        return lack
    if not past.examples.table.features:
        return "nothing to learn from: all that is known of people is what the seed's rule is made of"
    return ""
