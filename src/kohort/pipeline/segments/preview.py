"""Preview: what a rule gives before anybody saves it. On the way of `kohort preview`, so it imports little."""

from dataclasses import dataclass, replace

from kohort.clock import Moment
from kohort.engines.evaluation import Evaluation
from kohort.pipeline.segments.epochs import latest_moment
from kohort.pipeline.segments.evaluation import evaluator, rules_of
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.rules.languages import Language
from kohort.rules.nodes import Rule
from kohort.rules.print import print_rule
from kohort.rules.read import read_rule, resolve_rule, segments_of
from kohort.rules.translate import translate_rule
from kohort.segments.funnel import FunnelLine, conditions_of, funnel_of


@dataclass(frozen=True)
class Preview:
    """What a rule gives: its exact size, the population, a few members, and what each condition keeps and drops."""

    sentence: str
    at: Moment
    size: int
    population: int
    sample: tuple[str, ...]
    funnel: tuple[FunnelLine, ...]

    @property
    def share(self) -> float:
        """The share of the population, 0 of nobody."""
        return self.size / self.population if self.population else 0.0


def preview(
    workspace: Workspace, rule: str | Rule, at: Moment, sample: int, language: Language | None = None
) -> Preview:
    """Evaluate a rule that nobody saved at `at`, written and told in `language`, by default the project's.

    Raises RuleError if it is wrong.
    """
    catalog = catalog_in(workspace, language or workspace.language)
    return _evaluated(workspace, catalog, _read(rule, catalog), at, sample)


def catalog_in(workspace: Workspace, language: Language) -> Catalog:
    """Return what rules can speak of, for who writes them in a language; the segments' own rules are in it too."""
    catalog = workspace.catalog()
    if language is catalog.language:
        return catalog
    told = {name: translate_rule(one, catalog.language, language) for name, one in catalog.segments.items()}
    return replace(catalog, language=language, segments=told)


def preview_segment(workspace: Workspace, segment: str, at: Moment | None, sample: int) -> Preview:
    """Evaluate the rule of a declared segment, as of the last run by default.

    Raises UnknownNameError for a segment that nobody declared, UsageError for one that cannot be evaluated yet.
    """
    catalog = workspace.catalog()
    rule = rules_of(workspace, [segment], catalog)[segment]
    latest = latest_moment(workspace)
    moment = latest if at is None and latest is not None else workspace.moment(at)
    return _evaluated(workspace, catalog, rule, moment, sample)


def evaluate_rule(workspace: Workspace, written: str | Rule, at: Moment) -> tuple[Rule, Evaluation]:
    """Read a sentence, or check a tree, and evaluate it at `at`, with the statistics of the latest epoch up to then."""
    catalog = workspace.catalog()
    rule = _read(written, catalog)
    return rule, evaluator(workspace, catalog)({"rule": rule}, at)


def _evaluated(workspace: Workspace, catalog: Catalog, rule: Rule, at: Moment, sample: int) -> Preview:
    """Evaluate `rule` and all of its conditions as one plan: they share its features, so they cost it little."""
    segments = segments_of([rule], catalog)
    names = {condition: str(number) for number, condition in enumerate(conditions_of(rule, segments))}
    found = evaluator(workspace, catalog)({name: condition for condition, name in names.items()}, at)
    holds = {condition: found.members.bits[name] for condition, name in names.items()}
    return Preview(
        print_rule(rule, catalog.language),
        at,
        found.members.size(names[rule]),
        found.population,
        tuple(found.members.first(names[rule], sample)),
        funnel_of(rule, segments, holds, found.existing, catalog.language),
    )


def _read(written: str | Rule, catalog: Catalog) -> Rule:
    return read_rule(written, catalog) if isinstance(written, str) else resolve_rule(written, catalog)
