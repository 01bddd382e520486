"""A supervised segment as a score: learnt from examples, judged by those left out, told of everybody asked about."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kohort.clock import Moment
from kohort.definitions.supervised import SupervisedDefinition
from kohort.definitions.values import ValueType
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.plain import PlainModel
from kohort.learning.models.scoring import scores_of
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import FEWEST, Examples
from kohort.learning.prediction.study import train
from kohort.learning.prediction.thresholds import Costs
from kohort.pipeline.declared_files import content_of as digests_of
from kohort.pipeline.declared_files import refuse_told_traits
from kohort.pipeline.learning.chosen import Written, chosen_from
from kohort.pipeline.learning.cluster_features import telling_features
from kohort.pipeline.learning.known import Known, known_at
from kohort.pipeline.learning.persona_rules import rule_for
from kohort.pipeline.learning.prediction_examples import table_of
from kohort.pipeline.learning.prediction_features import features_read
from kohort.pipeline.learning.prediction_models import plain_prediction
from kohort.pipeline.learning.registry.entries import content_of, live_model, record_training
from kohort.pipeline.learning.seeds import SeedRules, features_apart, scores_apart, seed_rules
from kohort.pipeline.learning.signed import Kept, opened, signed_content
from kohort.pipeline.learning.supervised.cards import learnt_by, supervised_entry
from kohort.pipeline.learning.supervised.documents import SupervisedDocument
from kohort.pipeline.learning.supervised.examples import said_examples
from kohort.pipeline.scoring import record_scores
from kohort.pipeline.segments.evaluation import evaluator
from kohort.pipeline.workspace import Workspace
from kohort.reports.persona_data import PersonaRule
from kohort.rules.read import read_rule


@dataclass(frozen=True, eq=False)
class FoundSupervised:
    """What was found, the model, and what it says of everybody asked about."""

    document: SupervisedDocument
    model: PlainModel
    written: Written


def find_supervised(
    workspace: Workspace,
    definition: SupervisedDefinition,
    seeds: SeedRules,
    at: Moment,
    progress: Callable[[int, int], None] | None = None,
) -> FoundSupervised | str:
    """Learn from the examples as of `at`, or return why that cannot be.

    Everything about an example was known strictly before the cut-off, and of who is asked about strictly before `at`.
    `progress` is told how many of how many steps of the learning are done.
    """
    refuse_told_traits(workspace, definition.name, definition.traits)
    examples = said_examples(workspace, definition, seeds, at)
    then, early = _known_of_examples(workspace, definition, seeds, at)
    now = then if not definition.before else known_at(workspace, at - 1, scores_apart(workspace, seeds))
    tables = [then] if now is then else [then, now]
    columns, out = features_apart(workspace, tables, seeds, definition.features, f'score "{definition.name}"')
    people = [one for one in then.people if one in examples.said and one not in early]
    reached = np.array([examples.said[one] for one in people], dtype=bool)
    table = table_of(then, columns[0], people)
    lack = _lacking(table, reached, len(examples.said.keys() & early))
    if lack:
        return lack
    costs = None if definition.costs is None else Costs(*definition.costs)
    plan = Plan(definition.models, costs=costs, seed=definition.random_seed)
    learnt = Examples(table, reached, np.arange(len(people)))
    done = train(learnt, plan, rule=definition.rule or None, progress=progress)
    model = plain_prediction(done.model, table)
    asked = _asked(workspace, definition, now, at)
    chances = scores_of(model, features_read(now, asked, model))
    threshold = done.study.threshold
    document = SupervisedDocument(
        definition.name, at, int(reached.sum()), int((~reached).sum()), examples.unknown, examples.unsaid,
        examples.contradicted, len(asked), int((chances >= threshold).sum()), threshold, done.study, out,
        telling_features(table, reached),
        _nearest(now, table_of(now, columns[-1], asked), chances >= threshold, definition.random_seed),
        definition.before, len(examples.said.keys() - early) - len(people), len(examples.said.keys() & early),
    )  # fmt: skip
    return FoundSupervised(document, model, chosen_from(definition.traits, asked, chances, threshold))


def record_supervised(workspace: Workspace, definition: SupervisedDefinition, at: Moment) -> str:
    """Write each person's chance and whether they are chosen, by the model in force; return what was done, in words.

    Where none is in force, or the declaration, a rule of its segments or its file is another, a model learns, and is in
    force at once.
    """
    seeds = seed_rules(workspace, definition)
    parameters = learnt_by(definition, seeds, file_digest(workspace, definition))
    live = live_model(workspace, definition.name)
    if live is not None and live.entry is not None and live.entry.parameters == parameters:
        kept = opened(workspace, content_of(workspace, live), SupervisedDocument)
        table, types = said_of_asked(workspace, definition, kept, at)
        record_scores(workspace, definition.name, table, types, at)
        return f"chances of {table.num_rows:,} people by {live.named}"
    found = find_supervised(workspace, definition, seeds, at)
    if isinstance(found, str):
        return found
    document, content = found.document, signed_content(workspace, found.document, found.model)
    record_training(workspace, supervised_entry(workspace, parameters, document, content), content, live=True)
    record_scores(workspace, definition.name, *found.written, at)
    area = document.study.measures.auc
    dropped = document.unknown.count + document.unsaid.count + document.contradicted.count
    left = f", {dropped:,} examples of no use" if dropped else ""
    return (
        f"chances of {document.asked:,} people, {document.chosen:,} chosen, learnt from {document.yes:,} yes and "
        f"{document.no:,} no{left}; AUC {area.estimate:.3f} ({area.low:.3f} to {area.high:.3f}) on examples left out"
    )


def said_of_asked(
    workspace: Workspace, definition: SupervisedDefinition, kept: Kept[SupervisedDocument], at: Moment
) -> Written:
    """Return what a kept model says of everybody asked about as of `at`, and the traits' types."""
    table = features_asked(workspace, definition, kept.model, at)
    return chosen_from(definition.traits, table.person_ids, scores_of(kept.model, table), kept.found.threshold)


def features_asked(
    workspace: Workspace, definition: SupervisedDefinition, model: PlainModel, at: Moment
) -> FeatureTable:
    """Return what a model reads of everybody asked about, as it was known strictly before `at`."""
    known = known_at(workspace, at - 1, scores_apart(workspace, seed_rules(workspace, definition)))
    return features_read(known, _asked(workspace, definition, known, at), model)


def file_digest(workspace: Workspace, definition: SupervisedDefinition) -> str:
    """Return what differs whenever the examples' file does, "" without one."""
    return "" if definition.examples is None else digests_of(workspace, [definition.examples.file])


def _known_of_examples(
    workspace: Workspace, definition: SupervisedDefinition, seeds: SeedRules, at: Moment
) -> tuple[Known, frozenset[str]]:
    """Return what was known of people before the cut-off, and who was in a segment then already."""
    cut_off = at - definition.before
    known = known_at(workspace, cut_off - 1, scores_apart(workspace, seeds))
    if not definition.before or not definition.seeds:
        return known, frozenset()
    members = evaluator(workspace, workspace.catalog())(seeds.rules, cut_off).members
    return known, frozenset(one for name in definition.seeds for one in members[name].to_pylist())


def _asked(workspace: Workspace, definition: SupervisedDefinition, known: Known, at: Moment) -> list[str]:
    if not definition.among:
        return list(known.people)
    catalog = workspace.catalog()
    members = evaluator(workspace, catalog)({"among": read_rule(definition.among, catalog)}, at).members
    inside = set(members["among"].to_pylist())
    return [one for one in known.people if one in inside]


def _nearest(known: Known, table: FeatureTable, chosen: np.ndarray, seed: int) -> PersonaRule | None:
    """Return the rule by traits that comes nearest to who is chosen; what is no trait itself stands in no rule."""
    numbers = {name for name, (_, kind) in known.columns.items() if kind is ValueType.NUMBER}
    return rule_for(table.without(set(table.features) - numbers), chosen.astype(np.int64), 1, seed=seed)


def _lacking(table: FeatureTable, reached: np.ndarray, early: int) -> str:
    yes, no = int(reached.sum()), int((~reached).sum())
    if min(yes, no) < FEWEST:
        lack = f"too few examples to learn from: {FEWEST} people of each answer are needed; there are {yes} and {no}"
        if early:
            lack += f" ({early:,} people were in one of the segments at the cut-off already: shorten before)"
        return lack
    if not table.features:
        return "nothing to learn from: all that is known of people is what the segments' rules are made of"
    return ""
