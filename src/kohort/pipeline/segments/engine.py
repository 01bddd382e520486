"""The engine that evaluates a project's rules."""

from kohort.engines.evaluation import RuleEngine
from kohort.engines.kernel.engine import KernelEngine
from kohort.pipeline.mapped.histories import open_history
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog


def engine_of(workspace: Workspace, catalog: Catalog) -> RuleEngine:
    """Return the engine of a project, on its history as of now, for rules that `catalog` resolves."""
    if workspace.elsewhere is not None:
        return workspace.elsewhere(catalog)
    return KernelEngine(open_history(workspace, catalog), catalog)
