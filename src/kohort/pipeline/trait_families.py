"""Which family each trait is of: by the tracking plan, by the score that wrote it, else by its name."""

from collections.abc import Mapping
from dataclasses import dataclass

from kohort.definitions.families import Family
from kohort.definitions.score import ScoreDefinition, family_of
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True)
class TraitFamilies:
    """What places traits in families: what is declared of them, and the scores by name."""

    declared: Mapping[str, Family]
    scores: Mapping[str, ScoreDefinition]

    def of(self, trait: str, source: str) -> Family:
        """Return the family of a trait whose value came from a source, or from the score of that name.

        >>> TraitFamilies({"shoe_size": Family.DEMOGRAPHIC}, {}).of("shoe_size", "crm")
        <Family.DEMOGRAPHIC: 'demographic'>
        """
        return family_of(trait, self.scores.get(source), self.declared)


def trait_families(workspace: Workspace) -> TraitFamilies:
    """Return what places the traits of a project."""
    return TraitFamilies(workspace.plan.families, {score.name: score for score in workspace.scores})
