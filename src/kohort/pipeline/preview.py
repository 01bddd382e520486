"""Preview: what a rule gives before anybody saves it. On the way of `kohort preview`, so it imports little."""

from dataclasses import dataclass

from kohort.clock import Moment
from kohort.engines.evaluation import Evaluation
from kohort.pipeline.engine import engine_of
from kohort.pipeline.epochs import pinned_statistics
from kohort.pipeline.workspace import Workspace
from kohort.rules.nodes import Rule
from kohort.rules.print import print_rule
from kohort.rules.read import read_rule, resolve_rule


@dataclass(frozen=True)
class Preview:
    """What a rule gives before anybody saves it: its exact size, the population, a few members."""

    sentence: str
    at: Moment
    size: int
    population: int
    sample: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of the population, 0 of nobody."""
        return self.size / self.population if self.population else 0.0


def preview(workspace: Workspace, rule: str | Rule, at: Moment, sample: int) -> Preview:
    """Evaluate a rule that nobody saved at `at`; raises RuleError if it is wrong."""
    tree, evaluation = evaluate_rule(workspace, rule, at)
    members = evaluation.members["rule"]
    return Preview(
        print_rule(tree, workspace.language),
        at,
        len(members),
        evaluation.population,
        tuple(members.slice(0, sample).to_pylist()),
    )


def evaluate_rule(workspace: Workspace, written: str | Rule, at: Moment) -> tuple[Rule, Evaluation]:
    """Read a sentence, or check a tree, and evaluate it at `at`, with the statistics of the latest epoch up to then."""
    catalog = workspace.catalog()
    rule = read_rule(written, catalog) if isinstance(written, str) else resolve_rule(written, catalog)
    return rule, engine_of(workspace, catalog).evaluate({"rule": rule}, at, pinned_statistics(workspace, at))
