"""Applying: definitions and members switch together, by one journal record; whatever fails, fails before it."""

from collections.abc import Sequence

import msgspec

from kohort.clock import Moment, format_moment
from kohort.definitions.guards import GUARDS
from kohort.errors import CheckError, StalePlanError, UnknownNameError, UsageError
from kohort.pipeline.results import StepOutcome
from kohort.pipeline.segments.epochs import evaluate_now, latest_run
from kohort.pipeline.segments.planning import plan_again
from kohort.pipeline.steps import StepRunner
from kohort.pipeline.versions import InForce, newest_versions
from kohort.pipeline.workspace import Workspace
from kohort.segments.change_plan import ChangePlan
from kohort.segments.changes import Definitions
from kohort.storage.records import SegmentsApplied, SegmentVersion


def apply_plan(
    runner: StepRunner, plan: ChangePlan, despite: Sequence[str] = (), reason: str = ""
) -> StepOutcome | None:
    """Put in force exactly what `plan` says, and evaluate it; None if it changes nothing.

    `despite` names guard rails to override, for a `reason` that the journal keeps. Raises StalePlanError if what the
    plan was made from has changed, CheckError for a test that fails or a guard rail that stops; then nothing is.
    """
    _refuse_stale(runner.workspace, plan)
    overridden = check_plan(plan, despite, reason)
    if not plan.changes:
        return None
    return switch(runner, plan.definitions, cause=plan.cause, despite=overridden, reason=reason if overridden else "")


def switch(
    runner: StepRunner, definitions: Definitions, *, cause: str, despite: Sequence[str] = (), reason: str = ""
) -> StepOutcome:
    """Put definitions in force with the members that they have, by one journal record."""
    workspace = runner.workspace

    def work() -> str:
        applied = application(workspace, definitions, runner.at, cause=cause, despite=despite, reason=reason)
        workspace.journal.append("segments", [msgspec.json.encode(applied)], recorded_at=workspace.clock.now())
        runner.catch_up()
        return evaluated_words(definitions)

    return runner.step("segments", _inputs(workspace, definitions), work, always=True)


def application(
    workspace: Workspace,
    definitions: Definitions,
    at: Moment,
    *,
    cause: str,
    despite: Sequence[str] = (),
    reason: str = "",
) -> SegmentsApplied:
    """Return the journal record that puts definitions in force, with their first evaluation, as of `at`.

    A sentence that means something else than before gets the next version.
    """
    newest, versions = newest_versions(workspace.tables), {}
    for name, sentence in definitions.sentences.items():
        version, before = newest.get(name, (0, ""))
        versions[name] = version if sentence == before else version + 1
    force = InForce(0, definitions.sentences, versions, definitions.periods)
    return SegmentsApplied(
        [SegmentVersion(name, versions[name], one) for name, one in sorted(definitions.sentences.items())],
        {
            event.key: {one.name: str(one.type) for one in event.properties.values()}
            for event in workspace.plan.events.values()
        },
        dict(definitions.periods),
        evaluate_now(workspace, force, at),
        cause,
        list(despite),
        reason,
        {event: {name: str(kind) for name, kind in its.items()} for event, its in workspace.shown.items()},
    )


def evaluate_in_force(runner: StepRunner) -> StepOutcome:
    """Evaluate the segments in force, unless nothing is new."""
    workspace = runner.workspace
    force = workspace.in_force()
    definitions = Definitions(force.sentences, force.periods)

    def work() -> str:
        epoch = evaluate_now(workspace, force, runner.at)
        workspace.journal.append("epoch", [msgspec.json.encode(epoch)], recorded_at=workspace.clock.now())
        runner.catch_up()
        return evaluated_words(definitions)

    return runner.step("segments", _inputs(workspace, definitions), work)


def _inputs(workspace: Workspace, definitions: Definitions) -> str:
    traits = workspace.tables.watermark("trait_values")
    return repr((sorted(definitions.sentences.items()), sorted(definitions.periods.items()), traits))


def evaluated_words(definitions: Definitions) -> str:
    """Say what an evaluation did."""
    return f"{len(definitions.sentences)} segments evaluated"


def _refuse_stale(workspace: Workspace, plan: ChangePlan) -> None:
    force, zone = workspace.in_force(), workspace.settings.zone
    if force.seq != plan.applied:
        raise StalePlanError("something else has been applied since the plan was made")
    newest = latest_run(workspace)
    if newest is not None and newest.at > plan.at:
        moment, made = format_moment(newest.at, zone), format_moment(plan.at, zone)
        raise StalePlanError(f"the plan is as of {made}, and segments have been run as of {moment} since")
    now = plan_again(workspace, plan)
    if now.definitions != plan.definitions:
        raise StalePlanError("the files have changed since the plan was made")
    if now != plan:
        raise StalePlanError("people, tests or guard rails are no longer as the plan says")


def check_plan(plan: ChangePlan, despite: Sequence[str] = (), reason: str = "") -> list[str]:
    """Return the guard rails that stop a plan and are overridden.

    Raises CheckError for tests that fail and for guard rails that still stop; a way back is never stopped.
    """
    for name in despite:
        if name not in GUARDS:
            raise UnknownNameError("guard", name, GUARDS)
    if despite and not reason.strip():
        raise UsageError("to override a guard rail, say why with --reason; the journal keeps it")
    if plan.cause == "rollback":
        return []
    failed = [f'"{one.segment}" {one.test} ({one.found})' for one in plan.failed]
    if failed:
        raise CheckError(
            f"{_counted(len(failed), 'test')} failed, so nothing was applied: {'; '.join(failed)}; "
            "mend the rule or the test, then: kohort plan"
        )
    stopping = [one for one in plan.stopping if one.guard not in despite]
    if stopping:
        said = "; ".join(f'{one.guard} of "{one.segment}": {one.words}' for one in stopping)
        names = " ".join(f"--despite {name}" for name in dict.fromkeys(one.guard for one in stopping))
        raise CheckError(
            f"{_counted(len(stopping), 'guard rail')} stopped this, so nothing was applied: {said}; "
            f"mend the rule, or override with: kohort apply {names} --reason WHY"
        )
    return sorted({one.guard for one in plan.stopping} & set(despite))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
