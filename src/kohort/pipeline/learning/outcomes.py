"""Whether segments mean something: what their members did in the weeks after a split in time."""

from collections.abc import Mapping

import pyarrow.compute as pc

from kohort.clock import DAY, WEEK, Moment, datetime_of
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.segment import SegmentDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.learning.wording import NARROW_SPACE, Bilingual, number
from kohort.measurement.outcomes import SegmentOutcome, measure_outcomes
from kohort.pipeline.facts import facts_until, revenue_of, traits_at
from kohort.pipeline.learning.documents import DiscoveryDocument, latest_discovery
from kohort.pipeline.segments.engine import engine_of
from kohort.pipeline.segments.epochs import applicable_segments, pinned_statistics
from kohort.pipeline.workspace import Workspace
from kohort.reports.data import OutcomeRow, OutcomeTable
from kohort.rules.read import read_rule


def outcome_tables(workspace: Workspace, at: Moment) -> tuple[OutcomeTable, ...]:
    """Return later conversion by segment and persona for each outcome event; nothing if none is declared.

    Segments and personas are those of the split, `at` minus the horizon: traits and scores set later do not count,
    and a persona is taken only from a model discovered up to the split.
    """
    outcome = workspace.settings.outcome
    if outcome is None:
        return ()
    split = at - outcome.horizon
    segments = _members_at(workspace, split)
    personas = _personas_at(workspace, split)
    groups = {("segment", name): people for name, people in segments.items()}
    groups |= {("persona", name): people for name, (_, people) in personas.items()}
    declared = workspace.segments
    labels = {("segment", name): _segment_label(declared[name]) for name in segments}
    labels |= {("persona", name): label for name, (label, _) in personas.items()}
    everyone = _people_at(workspace, split)
    if not everyone or not groups:
        return ()
    spent = {person: micros / MICRO for person, micros in revenue_of(workspace, at, after=split).items()}
    tables = []
    for event, words in outcome.events.items():
        if event not in workspace.catalog({}).events:
            continue
        measured = measure_outcomes(
            {f"{kind}\0{name}": people for (kind, name), people in groups.items()},
            everyone=everyone,
            converted=did_between(workspace, event, split, at),
            value=spent,
        )
        tables.append(_table(workspace, words, split, outcome.horizon, measured, labels))
    return tuple(tables)


def _members_at(workspace: Workspace, split: Moment) -> dict[str, frozenset[str]]:
    sentences = applicable_segments(workspace).sentences
    catalog = workspace.catalog(sentences)
    rules = {name: read_rule(sentence, catalog) for name, sentence in sentences.items()}
    if not rules:
        return {}
    evaluation = engine_of(workspace, catalog).evaluate(rules, split, pinned_statistics(workspace, split))
    return {name: frozenset(people.to_pylist()) for name, people in evaluation.members.items()}


def _personas_at(workspace: Workspace, split: Moment) -> dict[str, tuple[Bilingual, frozenset[str]]]:
    found: dict[str, tuple[Bilingual, frozenset[str]]] = {}
    for score in workspace.scores:
        if not isinstance(score, ClustersDefinition):
            continue
        document = latest_discovery(workspace, score.name, split)
        if document is not None and document.model is not None:
            found |= _people_by_persona(workspace, document, split)
    return found


def _people_by_persona(
    workspace: Workspace, document: DiscoveryDocument, split: Moment
) -> dict[str, tuple[Bilingual, frozenset[str]]]:
    catalog = workspace.catalog({})
    with workspace.views(catalog) as views:
        traits = traits_at(views, [(document.name, ValueType.TEXT)], at=split)
    persona = traits.column(document.name)
    return {
        card.name.en: (
            card.name,
            frozenset(traits.filter(pc.equal(persona, card.name.en)).column("person_id").to_pylist()),
        )
        for card in document.report.personas
    }


def _people_at(workspace: Workspace, split: Moment) -> frozenset[str]:
    actors = workspace.tables.read("actors")
    return frozenset(actors.filter(pc.less_equal(actors.column("first_seen"), split)).column("person_id").to_pylist())


def did_between(workspace: Workspace, event: str, after: Moment, at: Moment) -> frozenset[str]:
    """Return who did `event` after a moment and up to `at`."""
    facts = facts_until(workspace, event, {}, at, where="kohort.yaml, outcome")
    return frozenset(facts.filter(pc.greater(facts.column("ts"), after)).column("person_id").to_pylist())


def _table(
    workspace: Workspace,
    words: Mapping[str, str],
    split: Moment,
    horizon: int,
    measured: tuple[SegmentOutcome, ...],
    labels: Mapping[tuple[str, str], Bilingual],
) -> OutcomeTable:
    rows = []
    for one in measured:
        kind, _, name = one.segment.partition("\0")
        rows.append(OutcomeRow(kind, labels[kind, name], one))
    return OutcomeTable(
        did=Bilingual(words["en"], words["fr"]),
        horizon=horizon_words(horizon),
        split=datetime_of(split, workspace.settings.zone),
        base=measured[0].base,
        rows=tuple(rows),
    )


def horizon_words(horizon: int) -> Bilingual:
    """Return a stretch in microseconds as weeks, or as days where it is not made of weeks.

    >>> horizon_words(56 * DAY).en
    '8 weeks'
    """
    if horizon % WEEK == 0:
        count = number(horizon // WEEK)
        return Bilingual(f"{count.en} weeks", f"{count.fr}{NARROW_SPACE}semaines")
    count = number(horizon / DAY, 0 if horizon % DAY == 0 else 1)
    return Bilingual(f"{count.en} days", f"{count.fr}{NARROW_SPACE}jours")


def _segment_label(segment: SegmentDefinition) -> Bilingual:
    return Bilingual(segment.label_in("en"), segment.label_in("fr"))
