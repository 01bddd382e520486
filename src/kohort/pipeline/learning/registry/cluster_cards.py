"""What the registry tells of clusters: their entry, and their card in both languages."""

import msgspec

from kohort.clock import Moment, datetime_of
from kohort.definitions.clusters import ClustersDefinition
from kohort.learning.cards import Figure, ModelCard
from kohort.learning.traits import label_of
from kohort.learning.wording import COLON, Bilingual, number
from kohort.pipeline.learning.registry.entries import Learnt, ModelEntry, entry_of
from kohort.pipeline.wording import trait_labels
from kohort.pipeline.workspace import Workspace
from kohort.reports.data import DiscoveryReport
from kohort.stats.intervals import Interval

KIND = "clusters"


def cluster_entry(
    workspace: Workspace,
    definition: ClustersDefinition,
    report: DiscoveryReport,
    content: bytes,
    *,
    at: Moment,
    people: int,
    cause: str = "by hand",
    why: Bilingual | None = None,
) -> ModelEntry:
    """Return what is told of a discovery among so many `people`, of which `content` is the document."""
    card, parameters = _card(workspace, definition, report, at, people), msgspec.to_builtins(definition)
    learnt = Learnt(definition.name, KIND, at, parameters, definition.seed, definition.features, people, card)
    return entry_of(workspace, learnt, content, cause=cause, why=why)


def _card(
    workspace: Workspace, definition: ClustersDefinition, report: DiscoveryReport, at: Moment, people: int
) -> ModelCard:
    labels = trait_labels(definition)
    named = [label_of(name, labels) for name in definition.features]
    day, many = datetime_of(at, workspace.settings.zone).date().isoformat(), number(people)
    return ModelCard(
        title=Bilingual(f"Clusters: {definition.name}", f"Groupes{COLON} {definition.name}"),
        says=Bilingual(
            f"Which of {len(report.personas)} groups of people somebody is most like. {report.words.en}",
            f"Auquel de {len(report.personas)} groupes de personnes quelqu'un ressemble le plus. {report.words.fr}",
        ),
        data=Bilingual(
            f"{many.en} people, by what was known of them as of {day}: {', '.join(one.en for one in named)}. "
            "No labels: nobody has said who belongs where.",
            f"{many.fr} personnes, d'après ce qu'on savait d'elles au {day}{COLON} "
            f"{', '.join(one.fr for one in named)}. Sans étiquettes{COLON} personne n'a dit qui va où.",
        ),
        figures=_figures(report),
        limits=Bilingual(
            "A group describes and does not explain: nobody does anything because of it. People near a border may "
            "change group without having changed. Somebody with none of the features is in no group.",
            f"Un groupe décrit et n'explique pas{COLON} personne ne fait rien à cause de lui. Près d'une frontière, on "
            "peut changer de groupe sans avoir changé. Qui n'a aucune des caractéristiques n'est dans aucun groupe.",
        ),
    )


def _figures(report: DiscoveryReport) -> tuple[Figure, ...]:
    found = [
        Figure(
            f"stability of {card.identity}",
            Bilingual(f"stability of “{card.name.en}”", f"stabilité de « {card.name.fr} »"),
            card.stability,
        )
        for card in report.personas
    ]
    chosen = next((one for one in report.candidates if one.k == report.k), None)
    if chosen is not None:
        reach = 1.96 * chosen.silhouette_error
        silhouette = Interval(chosen.silhouette, chosen.silhouette - reach, chosen.silhouette + reach, 0)
        found.append(Figure("silhouette", Bilingual("silhouette", "silhouette"), silhouette))
    return tuple(found)
