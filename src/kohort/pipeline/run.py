"""`run`: every step that is stale, in order, saying what was skipped and why."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from kohort.clock import Moment
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.clv import ClvDefinition
from kohort.definitions.demographics import DemographicsDefinition
from kohort.definitions.lookalike import LookalikeDefinition, LookedAt
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.repair import ImputationDefinition, OutliersDefinition
from kohort.definitions.score import GeographicDefinition, PsychographicDefinition, ScoreDefinition
from kohort.definitions.supervised import SupervisedDefinition
from kohort.definitions.survey import SurveyDefinition
from kohort.definitions.texts import TextsDefinition
from kohort.pipeline.declared_files import content_of
from kohort.pipeline.enrichment.flagging import flagged_traits
from kohort.pipeline.enrichment.geographic import geographic_inputs, geographic_traits, geographic_waits_for
from kohort.pipeline.enrichment.imputing import imputed_traits
from kohort.pipeline.enrichment.psychographic import psychographic_traits, psychographic_waits_for
from kohort.pipeline.enrichment.repairs import record_repairs
from kohort.pipeline.families.demographics import demographic_traits
from kohort.pipeline.learning.cluster_studies import is_due, study_clusters
from kohort.pipeline.learning.computing import computed, lacks
from kohort.pipeline.quality.checks import check_quality
from kohort.pipeline.quality.cross_checks import declared_cross_checks
from kohort.pipeline.results import StepOutcome
from kohort.pipeline.scoring import record_scores
from kohort.pipeline.segments.applying import apply_plan, evaluate_in_force, switch
from kohort.pipeline.segments.epochs import declared_segments, left_out_segments
from kohort.pipeline.segments.planning import declared_definitions, plan_files, waiting_changes
from kohort.pipeline.sharing import Shared
from kohort.pipeline.steps import CatchUp, StepRunner
from kohort.pipeline.workspace import Workspace

Told = (
    ImputationDefinition | OutliersDefinition | DemographicsDefinition | GeographicDefinition | PsychographicDefinition
)
"""Scores that are made of what was told of people, and say what they found of it."""
_Seeded = LookalikeDefinition | SupervisedDefinition
"""Scores that are learnt from segments, or may be."""
_Learnt = ClustersDefinition | PredictionDefinition | _Seeded
"""Scores that have models, and read what other scores have just written."""


def run_steps(
    workspace: Workspace, at: Moment, catch_up: CatchUp, *, apply: bool, follow: bool = True
) -> Iterator[StepOutcome]:
    """Run every stale step as of `at`, yielding each outcome as it comes; the caller holds the write lock.

    The segments evaluated are those in force; `apply` puts those of the files in force first. Clusters that are due are
    followed over time, unless not to `follow`: whoever finds them anew just after would not look at what was found.
    """
    records = catch_up()
    workspace = replace(workspace, shared=Shared())
    yield (
        StepOutcome("project", "done", f"{records:,} journal records applied")
        if records
        else StepOutcome("project", "skipped", "the tables hold all of the journal")
    )
    runner = StepRunner(workspace, at, catch_up)
    yield runner.step("quality", declared_cross_checks(workspace), lambda: check_quality(workspace, at))
    # Clusters and predictions last, in whatever order the files stand: they read what other scores have just written.
    # After them what is learnt from segments, which may be of such people.
    for score in sorted(workspace.scores, key=lambda one: (isinstance(one, _Seeded), isinstance(one, _Learnt))):
        reason = _not_yet(workspace, score)
        if reason:
            yield StepOutcome(f"score {score.name}", "skipped", reason)
        else:
            yield runner.step(f"score {score.name}", _inputs(workspace, score), partial(_score, workspace, score, at))
    for one in workspace.scores:
        if follow and isinstance(one, ClustersDefinition) and is_due(workspace, one, at):
            name = f"clusters {one.name} over time"
            yield runner.step(name, repr(one), partial(study_clusters, workspace, one, at), always=True)
    yield from _segments(workspace, runner, apply=apply)
    if any(isinstance(one, _Learnt) and not one.retrain.is_empty for one in workspace.scores):
        # Model libraries are heavy and optional: only a project that asks to train again loads them.
        from kohort.pipeline.learning.retraining.proposing import propose_models

        yield from propose_models(workspace, at, catch_up)


def _not_yet(workspace: Workspace, score: ScoreDefinition) -> str:
    catalog = workspace.catalog({})
    if isinstance(score, ClustersDefinition):
        missing = [name for name in score.features if name not in catalog.traits]
        names = workspace.tables.read("models").column("name").to_pylist()
        if not missing and score.name not in names:
            return "no clusters have been discovered yet; find them with: kohort discover"
    elif isinstance(score, _Seeded):
        left_out = left_out_segments(workspace)
        return next((f"the segment {one} {left_out[one]}" for one in score.seeds if one in left_out), "")
    elif isinstance(score, PredictionDefinition):
        missing = [one for one in dict.fromkeys((score.event, score.among)) if one and one not in catalog.events]
    elif isinstance(score, GeographicDefinition):
        missing = [*geographic_waits_for(catalog, score)]
    elif isinstance(score, PsychographicDefinition):
        missing = [*psychographic_waits_for(catalog, score)]
    elif isinstance(score, ImputationDefinition | OutliersDefinition | DemographicsDefinition):
        missing = [name for name in score.columns if name not in catalog.traits]
    else:
        return lacks(workspace, score)
    return f"needs {', '.join(missing)}, which no data have shown yet" if missing else ""


def _inputs(workspace: Workspace, score: ScoreDefinition) -> str:
    """Return what a score is made by, beside the data and the moment."""
    if isinstance(score, GeographicDefinition):
        return geographic_inputs(workspace, score)
    if isinstance(score, SupervisedDefinition) and score.examples is not None:
        return f"{score!r} {content_of(workspace, [score.examples.file])}"
    inputs = f"{score!r} {workspace.sentences()}" if isinstance(score, _Seeded) else repr(score)
    if isinstance(score, LookalikeDefinition) and score.at is LookedAt.ENTRY:
        # Moments of entry are logged from when the seed comes into force on.
        return f"{inputs} {score.seed in workspace.in_force().versions}"
    return inputs


def _score(workspace: Workspace, score: ScoreDefinition, at: Moment) -> str:
    if isinstance(score, _Learnt):
        return _learnt(workspace, score, at)
    if isinstance(score, ClvDefinition):
        from kohort.pipeline.learning.clv import record_values

        return record_values(workspace, score, at)
    if isinstance(score, Told):
        return _with_findings(workspace, score, at)
    table, types = computed(workspace, score, at)
    record_scores(workspace, score.name, table, types, at)
    return f"{len(types)} traits of {table.num_rows:,} people"


def _learnt(workspace: Workspace, score: _Learnt, at: Moment) -> str:
    # Model libraries are heavy and optional: only a project that has declared such a score loads them.
    match score:
        case ClustersDefinition():
            from kohort.pipeline.learning.discovery import assign_clusters

            return assign_clusters(workspace, score, at)
        case PredictionDefinition():
            from kohort.pipeline.learning.prediction import record_prediction

            return record_prediction(workspace, score, at)
        case LookalikeDefinition():
            from kohort.pipeline.learning.lookalikes.scoring import record_lookalikes

            return record_lookalikes(workspace, score, at)
        case SupervisedDefinition():
            from kohort.pipeline.learning.supervised.scoring import record_supervised

            return record_supervised(workspace, score, at)


def _with_findings(workspace: Workspace, score: Told, at: Moment) -> str:
    match score:
        case ImputationDefinition():
            file, findings = imputed_traits(workspace, score, at)
        case OutliersDefinition():
            file, findings = flagged_traits(workspace, score, at)
        case DemographicsDefinition():
            file, findings = demographic_traits(workspace, score, at)
        case TextsDefinition() | SurveyDefinition():
            file, findings = psychographic_traits(workspace, score, at)
        case _:
            file, findings = geographic_traits(workspace, score, at)
    record_repairs(workspace, score.name, file, findings, at)
    return f"{len(file.types)} traits of {len(file):,} people, {len(findings)} findings"


def _segments(workspace: Workspace, runner: StepRunner, *, apply: bool) -> Iterator[StepOutcome]:
    """Evaluate the segments in force; those of the files come into force before in a new project, or to `apply`."""
    force = workspace.in_force()
    if force.seq and not apply:
        # Before the files are looked at: a draft that is wrong keeps nobody from being evaluated.
        yield evaluate_in_force(runner)
    for name, reason in declared_segments(workspace, workspace.declared).left_out.items():
        if name not in force.sentences:
            yield StepOutcome(f"segment {name}", "skipped", reason)
    if apply:
        yield apply_plan(runner, plan_files(workspace, runner.at)) or evaluate_in_force(runner)
    elif not force.seq:
        definitions = declared_definitions(workspace)
        yield switch(runner, definitions, cause="first run") if definitions.sentences else evaluate_in_force(runner)
    elif waiting := waiting_changes(workspace):
        detail = f"not in force yet: {waiting}; see who would enter and leave with: kohort plan"
        yield StepOutcome("segment files", "skipped", detail)
