"""Promoting a model, or going back to one before: planned like a change of segments, applied by one journal record.

A plan evaluates the segments in force twice, on today's scores and on the model's: whoever enters or leaves does so
because of the model alone. Applying writes scores, model and the segments' evaluation in one record, so that nobody
ever sees the new model with the old members.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.engines.evaluation import Evaluation
from kohort.errors import StalePlanError, UsageError
from kohort.pipeline.learning.registry.entries import (
    RegisteredModel,
    State,
    content_of,
    live_before,
    live_model,
    model_numbered,
    waiting_candidate,
)
from kohort.pipeline.learning.retraining.kinds import kind_named
from kohort.pipeline.learning.retraining.model_kind import ModelKind, OpenedModel, Scores
from kohort.pipeline.learning.retraining.supposing import supposing
from kohort.pipeline.results import StepOutcome
from kohort.pipeline.scoring import everybody, keep_scores
from kohort.pipeline.segments.applying import application, check_plan, evaluated_words
from kohort.pipeline.segments.engine import engine_of
from kohort.pipeline.segments.epochs import latest_run, rules_in_force
from kohort.pipeline.segments.people import user_ids_of
from kohort.pipeline.segments.planning import broken_by
from kohort.pipeline.steps import StepRunner
from kohort.pipeline.workspace import Workspace
from kohort.rules.nodes import Trait
from kohort.rules.parse import parse_rule
from kohort.rules.walk import nodes_of
from kohort.segments.change_plan import SAMPLE, ChangePlan, ModelChange, SegmentChange
from kohort.segments.changes import Definitions, Kind, downstream_of, references_of
from kohort.storage.records import ModelPromoted


def plan_promotion(workspace: Workspace, score: str, number: int | None, at: Moment) -> ChangePlan:
    """Plan to put a model of a score in force, by default the newest candidate.

    Raises UnknownNameError for a score without models, UsageError where no candidate waits, the model is in force
    already, or no segments are yet.
    """
    kind = kind_named(workspace, score)
    model = waiting_candidate(workspace, score) if number is None else model_numbered(workspace, score, number)
    if model is None:
        raise UsageError(f'no candidate of "{score}" waits to be promoted; name one of: kohort models {score}')
    return _plan(workspace, kind, model, at, cause="promote")


def plan_model_rollback(workspace: Workspace, score: str, number: int | None, at: Moment) -> ChangePlan:
    """Plan to go back to a model that was in force, by default the one before; raises as `plan_promotion`."""
    kind = kind_named(workspace, score)
    model = live_before(workspace, score) if number is None else model_numbered(workspace, score, number)
    if model.state is State.CANDIDATE:
        raise UsageError(f"{model.named} was never in force; put it in force with: kohort models promote {score}")
    return _plan(workspace, kind, model, at, cause="rollback")


def apply_promotion(runner: StepRunner, plan: ChangePlan, despite: Sequence[str] = (), reason: str = "") -> StepOutcome:
    """Put the model of a plan in force, with its scores and the members that they lead to, by one journal record.

    Raises StalePlanError if what the plan was made from has changed, CheckError for a guard rail that stops it.
    """
    workspace, change = runner.workspace, _change_of(plan)
    overridden = check_plan(plan, despite, reason)
    model = model_numbered(workspace, change.score, change.run)
    made = _refuse_stale(workspace, plan, model)
    table, types = made.scores
    with supposing(workspace, change.score, made.scores, plan.at) as supposed:
        applied = application(
            supposed,
            plan.definitions,
            plan.at,
            cause=plan.cause,
            despite=overridden,
            reason=reason if overridden else "",
        )

    def work() -> str:
        run = keep_scores(workspace, change.score, everybody(workspace, table), types, plan.at)
        fitted = made.opened.fitted(model.file, plan.at)
        promoted = ModelPromoted(change.score, model.seq, plan.cause, run, fitted)
        body = msgspec.json.encode(msgspec.structs.replace(applied, promoted=promoted))
        workspace.journal.append("segments", [body], recorded_at=workspace.clock.now())
        runner.catch_up()
        return f"{model.named} in force; {evaluated_words(plan.definitions)}"

    return runner.step(f"model {change.score}", f"{model.seq}", work, always=True)


def _change_of(plan: ChangePlan) -> ModelChange:
    if plan.model is None:
        raise UsageError("this plan changes definitions and no model; apply it with: kohort apply")
    return plan.model


def _refuse_stale(workspace: Workspace, plan: ChangePlan, model: RegisteredModel) -> "_Made":
    """Make the plan once more, as everything is now."""
    newest = latest_run(workspace)
    if workspace.in_force().seq != plan.applied or (newest is not None and newest.at > plan.at):
        raise StalePlanError("something else has been applied, or run as of a later moment, since the plan was made")
    kind = kind_named(workspace, model.score)
    made = _supposed(workspace, kind, model, plan.at, cause=plan.cause)
    if made.plan != plan:
        raise StalePlanError("people, scores or guard rails are no longer as the plan says")
    return made


@dataclass(frozen=True, eq=False)
class _Made:
    plan: ChangePlan
    opened: OpenedModel
    scores: Scores


def _plan(workspace: Workspace, kind: ModelKind, model: RegisteredModel, at: Moment, *, cause: str) -> ChangePlan:
    return _supposed(workspace, kind, model, at, cause=cause).plan


def _supposed(workspace: Workspace, kind: ModelKind, model: RegisteredModel, at: Moment, *, cause: str) -> _Made:
    live, force = live_model(workspace, model.score), workspace.in_force()
    if live is not None and live.seq == model.seq:
        raise UsageError(f"{model.named} is in force already")
    if not force.seq:
        raise UsageError("no segments are in force yet, so nothing could be shown of what would change: kohort run")
    definitions = Definitions(force.sentences, force.periods)
    opened = kind.opened(workspace, content_of(workspace, model))
    scores = opened.scores(at)
    catalog, rules = rules_in_force(workspace, force)
    before = engine_of(workspace, catalog).evaluate(rules, at)
    with supposing(workspace, model.score, scores, at) as supposed:
        catalog, rules = rules_in_force(supposed, force)
        after = engine_of(supposed, catalog).evaluate(rules, at)
        asking = _asking(force.sentences, frozenset(scores[1]))
        changes = _changes(workspace, definitions, asking, f"model {model.named}", before, after)
        bits = {name: after.members.bits[name] for name in force.sentences}
        broken = broken_by(workspace, [one for one in changes if one.entering or one.leaving], bits, after, at)
    moved = tuple(one.segment for one in changes if one.entering or one.leaving)
    scored, other = _moved(workspace, kind, scores, at)
    change = ModelChange(
        model.score,
        model.number,
        live.number if live else None,
        kind.main_trait,
        scored,
        other,
        tuple(one.name for one in workspace.journeys if one.segment in moved),
    )
    unchanged = tuple(name for name in force.sentences if name not in asking)
    versioned = (replace(one, version=force.versions[one.segment]) for one in changes)
    plan = ChangePlan(
        at, force.seq, after.population, definitions, tuple(versioned), unchanged, broken, cause=cause, model=change
    )
    return _Made(plan, opened, scores)


def _asking(sentences: Mapping[str, str], traits: frozenset[str]) -> tuple[str, ...]:
    """Return the segments whose rule asks for one of these traits, or for a segment that does, in their order."""
    direct = {
        name
        for name, sentence in sentences.items()
        if any(isinstance(node, Trait) and node.name in traits for node in nodes_of(parse_rule(sentence)))
    }
    references = references_of(Definitions(sentences))
    through = {other for name in direct for other in downstream_of(name, references)}
    return tuple(name for name in sentences if name in direct | through)


def _changes(
    workspace: Workspace,
    definitions: Definitions,
    asking: Sequence[str],
    through: str,
    before: Evaluation,
    after: Evaluation,
) -> list[SegmentChange]:
    references = references_of(definitions)
    sets = {name: (_people(before, name), _people(after, name)) for name in asking}
    few = {name: (sorted(new - old)[:SAMPLE], sorted(old - new)[:SAMPLE]) for name, (old, new) in sets.items()}
    users = user_ids_of(workspace, sorted({one for both in few.values() for side in both for one in side}))
    named = {name: tuple(tuple(users.get(one) or one for one in side) for side in both) for name, both in few.items()}
    return [
        SegmentChange(
            segment=name,
            kind=Kind.THROUGH,
            through=(through,),
            version=0,
            before=definitions.sentences[name],
            after=definitions.sentences[name],
            size_before=len(old),
            size_after=len(new),
            entering=len(new - old),
            leaving=len(old - new),
            entering_sample=named[name][0],
            leaving_sample=named[name][1],
            downstream=downstream_of(name, references),
        )
        for name, (old, new) in sets.items()
    ]


def _people(evaluation: Evaluation, name: str) -> frozenset[str]:
    return frozenset(evaluation.members[name].to_pylist())


def _moved(workspace: Workspace, kind: ModelKind, scores: Scores, at: Moment) -> tuple[int, int]:
    """Return how many people the model scores, and how many have another value of the main trait than now."""
    from kohort.pipeline.facts import traits_at  # noqa: PLC0415 - DuckDB, which reading the registry has no need of

    table, types = scores
    trait, catalog = kind.main_trait, workspace.catalog({})
    new = dict(zip(table.column("person_id").to_pylist(), table.column(trait).to_pylist(), strict=True))
    new = {person: value for person, value in new.items() if value is not None}
    old: dict[str, object] = {}
    if trait in catalog.traits:
        with workspace.views(catalog) as views:
            held = traits_at(views, [(trait, types[trait])], at=at)
        known = held.filter(pc.is_valid(held.column(trait)))
        old = dict(zip(known.column("person_id").to_pylist(), known.column(trait).to_pylist(), strict=True))
    return len(new), sum(new.get(person) != old.get(person) for person in new.keys() | old.keys())
