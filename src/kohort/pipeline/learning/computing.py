"""The traits that a score reads from events alone, as of any moment."""

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.clv import ClvDefinition
from kohort.definitions.devices import DevicesDefinition
from kohort.definitions.engagement import EngagementDefinition
from kohort.definitions.rfm import RfmDefinition
from kohort.definitions.score import BehaviourDefinition, ScoreDefinition, TraitsDefinition
from kohort.definitions.values import ValueType
from kohort.definitions.visits import VisitsDefinition
from kohort.pipeline.families.dispatch import family_scores, family_types, waits_for
from kohort.pipeline.scoring import behaviour_scores, behaviour_types, rfm_scores, rfm_types
from kohort.pipeline.sharing import Computed
from kohort.pipeline.workspace import Workspace

Computable = RfmDefinition | BehaviourDefinition | TraitsDefinition
FromEvents = Computable | ClvDefinition
"""Scores that read events alone."""


def writes(score: ScoreDefinition) -> dict[str, ValueType]:
    """Return the traits that a score reads from events alone, with their types; none of scores that read others.

    >>> list(writes(RfmDefinition("rfm", "order_completed", "total")))[0]
    'rfm_recency'
    """
    match score:
        case RfmDefinition():
            return rfm_types(score)
        case BehaviourDefinition():
            return behaviour_types(score)
        case ClvDefinition():
            return dict.fromkeys(score.traits, ValueType.NUMBER)
        case VisitsDefinition() | EngagementDefinition() | DevicesDefinition():
            return family_types(score)
        case _:
            return {}


def scores_needed(workspace: Workspace, traits: Collection[str]) -> list[ScoreDefinition]:
    """Return the scores that write any of the traits: the others need not be computed at every cut-off."""
    return [one for one in workspace.scores if not set(traits).isdisjoint(writes(one))]


def with_scores(workspace: Workspace, traits: pa.Table, scores: Sequence[ScoreDefinition], at: Moment) -> pa.Table:
    """Return people's traits (column person_id and one a trait) with those that `scores` write as computed at `at`.

    Who is not scored has none of them, as after a run; columns that the table lacks are not added.
    """
    people = traits.column("person_id").combine_chunks()
    for score in scores:
        found = computed_at(workspace, score, at)
        if found is None:
            continue
        places = pc.index_in(people, value_set=found[0].column("person_id").combine_chunks())
        for name in set(found[1]) & set(traits.column_names):
            column = found[0].column(name).combine_chunks().take(places)
            traits = traits.set_column(traits.column_names.index(name), name, column)
    return traits


def lacks(workspace: Workspace, score: FromEvents) -> str:
    """Return what a score waits for that no data have shown yet, "" if it can be computed."""
    catalog = workspace.catalog({})
    if isinstance(score, TraitsDefinition):
        return waits_for(catalog, score)
    return "" if score.event in catalog.events else f"needs {score.event}, which no data have shown yet"


def computed(workspace: Workspace, score: Computable, at: Moment) -> Computed:
    """Return the traits of a score as of `at`."""
    match score:
        case RfmDefinition():
            return rfm_scores(workspace, score, at)
        case BehaviourDefinition():
            return behaviour_scores(workspace, score, at)
        case _:
            return family_scores(workspace, score, at)


def computed_at(workspace: Workspace, score: ScoreDefinition, at: Moment) -> Computed | None:
    """Return a score that is read from events alone as of `at`; None for others, and before there are such events.

    Within a run, what another step has computed of the same data is taken.
    """
    if workspace.shared is None or workspace.only:
        return _computed_at(workspace, score, at)
    asked = (repr(score), at, workspace.data_seq())
    return workspace.shared.traits(asked, lambda: _computed_at(workspace, score, at))


def _computed_at(workspace: Workspace, score: ScoreDefinition, at: Moment) -> Computed | None:
    if not isinstance(score, FromEvents) or lacks(workspace, score):
        return None
    if isinstance(score, ClvDefinition):
        from kohort.pipeline.learning.clv import clv_scores  # noqa: PLC0415 - only projects that declare value load its models

        found = clv_scores(workspace, score, at)
        return None if isinstance(found, str) else found[:2]
    return computed(workspace, score, at)
