"""Evaluating rules on a project's data, at any moment. On the way of `kohort preview`, so it imports little."""

from collections.abc import Callable, Mapping, Sequence

from kohort.clock import Moment
from kohort.engines.evaluation import Evaluation
from kohort.errors import NotEvaluatedError, UnknownNameError, UsageError
from kohort.pipeline.segments.engine import engine_of
from kohort.pipeline.segments.epochs import left_out_segments, pinning
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.rules.read import read_rule

Evaluate = Callable[[Mapping[str, Rule], Moment], Evaluation]


def evaluator(workspace: Workspace, catalog: Catalog) -> Evaluate:
    """Return what evaluates rules on the project's data as of a moment, with the statistics of the epoch then."""
    engine, pinned = engine_of(workspace, catalog), pinning(workspace)
    return lambda rules, at: engine.evaluate(rules, at, pinned(at))


def rules_of(workspace: Workspace, names: Sequence[str], catalog: Catalog) -> dict[str, Rule]:
    """Return the rules of the segments named, in that order; of all that can be evaluated if none is.

    Raises UnknownNameError for a segment that nobody declared, NotEvaluatedError for one that cannot be evaluated yet,
    UsageError if none can.
    """
    left_out, segments = left_out_segments(workspace), workspace.segments
    for name in names:
        if name not in segments:
            raise UnknownNameError("segment", name, segments)
        if name in left_out:
            raise NotEvaluatedError(name, left_out[name])
    chosen = list(dict.fromkeys(names)) or [name for name in segments if name not in left_out]
    if not chosen:
        raise UsageError("no segment can be evaluated yet; declare one in segments/, ingest data, then: kohort run")
    return {name: read_rule(segments[name].where, catalog) for name in chosen}
