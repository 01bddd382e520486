"""Who personas are across generations: an identity that stays when clusters are looked for anew."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from kohort.clock import Moment, datetime_of
from kohort.definitions.values import ValueType
from kohort.learning.clustering.discovery import Discovery
from kohort.learning.clustering.kmeans import Labels
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.lineage import Born, Kept, Succession, succession
from kohort.learning.wording import NARROW_SPACE, Bilingual, number
from kohort.pipeline.facts import traits_at
from kohort.pipeline.learning.documents import DiscoveryDocument, discoveries
from kohort.pipeline.workspace import Workspace
from kohort.reports.persona_data import Lineage, PersonaBorn, PersonaGone, PersonaKept


@dataclass(frozen=True)
class Generation:
    """The identities of the personas found now, by cluster, what is told of each, and the whole generation."""

    identities: tuple[str, ...]
    histories: tuple[Bilingual | None, ...]
    lineage: Lineage


def identity_number(identity: str) -> int:
    """Return the number of a persona's identity.

    >>> identity_number("persona-12")
    12
    """
    return int(identity.rpartition("-")[2])


def generation_of(
    workspace: Workspace, name: str, at: Moment, table: FeatureTable, found: Discovery, names: Sequence[Bilingual]
) -> Generation:
    """Return who the personas found of the score `name` are; `names` are theirs, by cluster.

    Today's people are given to the earlier model, with its own preparation, and both clusterings are matched. Where the
    features are others now, people are taken as they were assigned then. Identities are never given twice, not even
    after looking back at an earlier moment.
    """
    earlier = discoveries(workspace, name)
    used = max((identity_number(one.identity) for each in earlier for one in each.report.personas), default=0)
    fresh = (f"{name}-{one}" for one in count(used + 1))
    known = [one for one in earlier if one.at <= at]
    before = next((one for one in reversed(known) if one.model is not None), None)
    generation = 1 + sum(one.report.lineage is not None for one in known)
    if before is None:
        return _first(names, fresh, generation)
    if found.model is None:
        told = known[-1] is before
        gone = tuple(PersonaGone(one.identity, one.name, None) for one in before.report.personas) if told else ()
        return Generation((), (), Lineage(generation, before.at, gone=gone))
    cards = {one.identity: one.name for one in before.report.personas}
    labels = _labels_before(workspace, name, at, table, before)
    followed = succession(labels, found.labels, list(cards), len(names), fresh)
    lineage = _lineage(followed, generation, before.at, names, cards)
    day = datetime_of(before.at, workspace.settings.zone).date().isoformat()
    return Generation(
        tuple(one.identity for one in followed.now), tuple(_history(one, lineage, cards, day) for one in followed.now),
        lineage,
    )  # fmt: skip


def _first(names: Sequence[Bilingual], fresh: Iterator[str], generation: int) -> Generation:
    identities = tuple(next(fresh) for _ in names)
    born = tuple(PersonaBorn(one, name, None) for one, name in zip(identities, names, strict=True))
    return Generation(identities, (None,) * len(names), Lineage(generation, None, born=born))


def _labels_before(
    workspace: Workspace, name: str, at: Moment, table: FeatureTable, before: DiscoveryDocument
) -> Labels:
    """Return the cluster of each of today's people among those before; -1 where nobody can say."""
    model = ClusterModel.from_json(before.model or "")
    if set(model.preparation.features) <= set(table.features):
        return model.assign(table)
    catalog = workspace.catalog({})
    clusters = {one.identity: one.cluster for one in before.report.personas}
    trait = f"{name}_id"
    if catalog.traits.get(trait) is not ValueType.TEXT:
        return np.full(len(table.person_ids), -1, np.int64)
    with workspace.views(catalog) as views:
        told = traits_at(views, [(trait, ValueType.TEXT)], at=at)
    known = dict(zip(told.column("person_id").to_pylist(), told.column(trait).to_pylist(), strict=True))
    return np.array([clusters.get(known.get(person) or "", -1) for person in table.person_ids], np.int64)


def _lineage(
    followed: Succession, generation: int, since: Moment, names: Sequence[Bilingual], before: Mapping[str, Bilingual]
) -> Lineage:
    pairs = list(zip(followed.now, names, strict=True))
    return Lineage(
        generation,
        since,
        kept=tuple(
            PersonaKept(one.identity, name, before[one.identity], one.jaccard)
            for one, name in pairs
            if isinstance(one, Kept)
        ),
        born=tuple(PersonaBorn(one.identity, name, one.split_from) for one, name in pairs if isinstance(one, Born)),
        gone=tuple(PersonaGone(one.identity, before[one.identity], one.merged_into) for one in followed.gone),
    )


def _history(one: Kept | Born, lineage: Lineage, before: Mapping[str, Bilingual], day: str) -> Bilingual:
    if isinstance(one, Born):
        if one.split_from is None:
            return Bilingual(f"New since {day}.", f"Nouveau depuis le {day}.")
        origin = _quoted(before[one.split_from])
        return Bilingual(f"New since {day}: split off from {origin.en}.",
                         f"Nouveau depuis le {day}{NARROW_SPACE}: issu de {origin.fr}.")  # fmt: skip
    similarity, name = number(one.jaccard, 2), _quoted(before[one.identity])
    english = f"Continues {name.en} of {day} (Jaccard {similarity.en})."
    french = f"Prolonge {name.fr} du {day} (Jaccard {similarity.fr})."
    for other in lineage.gone:
        if other.merged_into == one.identity:
            merged = _quoted(other.name)
            english += f" {merged.en} has merged into it."
            french += f" {merged.fr} s'y est fondu."
    return Bilingual(english, french)


def _quoted(name: Bilingual) -> Bilingual:
    return Bilingual(f"“{name.en}”", f"«{NARROW_SPACE}{name.fr}{NARROW_SPACE}»")
