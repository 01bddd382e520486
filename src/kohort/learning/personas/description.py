"""Personas: what each cluster is like, in plain English and French."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.learning.clustering.discovery import ClusterQuality, Discovery
from kohort.learning.clustering.kmeans import Labels
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable, Points
from kohort.learning.personas.categories import CategoricalTrait, CategoryDifference, category_differences
from kohort.learning.personas.habits import preferred
from kohort.learning.personas.names import Leaning, distinct_names
from kohort.learning.traits import TraitLabel, label_of, write_value
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, percent
from kohort.stats.effects import hedges_g
from kohort.stats.intervals import Interval, mean_interval
from kohort.stats.summaries import Summary

_SMALL_EFFECT: Final = 0.2  # Cohen 1988, Statistical Power Analysis, 2.2.3: "small"
_TRAITS_SHOWN: Final = 5
_TRAITS_IN_SENTENCE: Final = 3


@dataclass(frozen=True)
class DistinctiveTrait:
    """A trait that sets a cluster apart: Hedges' g against everyone else on the scaled trait, and typical values.

    `here` and `elsewhere` are medians in the trait's own unit, of the people whose value is known.
    """

    label: TraitLabel
    effect: Interval
    here: float
    elsewhere: float

    @property
    def high(self) -> bool:
        """Tell whether the cluster has more of the trait than the others."""
        return self.effect.estimate > 0


@dataclass(frozen=True)
class Persona:
    """One cluster, described.

    `share_of_value` and `value`, the mean per person with its interval, are None where the values of all people sum
    to nothing. `habits` are the channels and moments that are significantly more usual here than elsewhere. `example`
    is the pseudonymous id of the person nearest to the centre, hence the medoid over squared distances. `gradual`
    tells that no valley separates the cluster from its neighbour, so that people at the border resemble both.
    """

    cluster: int
    name: Bilingual
    people: int
    share_of_people: float
    share_of_value: float | None
    quality: ClusterQuality
    gradual: bool
    traits: tuple[DistinctiveTrait, ...]
    categories: tuple[CategoryDifference, ...]
    example: str
    sentences: tuple[Bilingual, ...]
    value: Interval | None = None
    habits: tuple[CategoryDifference, ...] = ()


def describe(
    discovery: Discovery,
    table: FeatureTable,
    *,
    value: npt.NDArray[np.float64],
    labels: Mapping[str, TraitLabel],
    categories: Sequence[CategoricalTrait] = (),
    habits: Sequence[CategoricalTrait] = (),
    currency: str = "",
) -> tuple[Persona, ...]:
    """Return one persona per cluster, in the order of their numbers; none if no clusters were found.

    `table` and `value` are those of the discovery; `labels` maps traits to their wording; `categories` and `habits`
    are of the same people; `currency` is a symbol. Names are made of the most distinctive traits, and always distinct.

    Raises UsageError if `value` or a categorical trait is not of the same people as `table`.

    >>> from kohort.learning.clustering.discovery import discover
    >>> random = np.random.default_rng(3)
    >>> values = random.normal(size=(200, 2)) + np.repeat([[20.0, 30.0], [29.0, 30.0]], 100, axis=0)
    >>> table = FeatureTable(tuple(map(str, range(200))), ("orders", "basket"), values)
    >>> found = discover(table, value=values[:, 0], seed=1, ks=(2,), bootstraps=5)
    >>> [persona.name.en for persona in describe(found, table, value=values[:, 0], labels={})]
    ['High orders', 'Low orders']
    """
    people = len(table.person_ids)
    if value.shape != (people,) or any(len(trait.categories) != people for trait in (*categories, *habits)):
        raise UsageError("personas need the value and the categories of the same people as the features")
    if discovery.model is None:
        return ()
    points, scaled = discovery.preparation.apply(table), _scaled_numbers(table)
    traits = [
        _distinctive(discovery.labels == cluster, table, scaled, labels) for cluster in range(len(discovery.clusters))
    ]
    names = distinct_names([[Leaning(one.label, one.effect.estimate) for one in own] for own in traits])
    total = float(value.sum())
    personas = []
    for cluster, quality in enumerate(discovery.clusters):
        inside = discovery.labels == cluster
        count = int(inside.sum())
        share_of_value = float(value[inside].sum()) / total if total > 0 else None
        personas.append(
            Persona(
                cluster=cluster,
                name=names[cluster],
                people=count,
                share_of_people=count / people,
                share_of_value=share_of_value,
                quality=quality,
                gradual=quality.border_density > discovery.criteria.border_density,
                traits=traits[cluster],
                categories=category_differences(categories, discovery.labels, cluster),
                example=table.person_ids[_medoid(points, discovery.labels, cluster)],
                sentences=_sentences(count, count / people, share_of_value, traits[cluster], currency),
                value=mean_interval(Summary.of(value[inside])) if total > 0 else None,
                habits=preferred(habits, discovery.labels, cluster),
            )
        )
    return tuple(personas)


def _scaled_numbers(table: FeatureTable) -> dict[str, Points]:
    """Return each number on one scale; texts, which have no median, are told by their categories."""
    numbers = FeatureTable(table.person_ids, table.names, table.values)
    scale = fit_preparation(numbers)
    return dict(zip(scale.names, scale.apply(numbers).T, strict=True))


def _distinctive(
    inside: npt.NDArray[np.bool_], table: FeatureTable, scaled: Mapping[str, Points], labels: Mapping[str, TraitLabel]
) -> tuple[DistinctiveTrait, ...]:
    """Return the traits that differ, on their scale of its own, whatever the clusters were found on."""
    found = []
    for name, values in scaled.items():
        effect = hedges_g(values[inside], values[~inside])
        raw = table.column(name)
        known = ~np.isnan(raw)
        if abs(effect.estimate) < _SMALL_EFFECT or effect.low <= 0 <= effect.high:
            continue
        if (known & inside).any() and (known & ~inside).any():
            here, elsewhere = (float(np.median(raw[known & group])) for group in (inside, ~inside))
            found.append(DistinctiveTrait(label_of(name, labels), effect, here, elsewhere))
    found.sort(key=lambda trait: -abs(trait.effect.estimate))
    return tuple(found[:_TRAITS_SHOWN])


def _medoid(points: Points, labels: Labels, cluster: int) -> int:
    members = np.nonzero(labels == cluster)[0]
    offsets = points[members] - points[members].mean(axis=0)
    return int(members[np.argmin((offsets * offsets).sum(axis=1))])


def _sentences(
    people: int,
    share: float,
    share_of_value: float | None,
    traits: Sequence[DistinctiveTrait],
    currency: str,
) -> tuple[Bilingual, ...]:
    count, part = number(people), percent(share)
    size = Bilingual(f"{count.en} people, {part.en} of all", f"{count.fr} personnes, {part.fr} de l'ensemble")
    if share_of_value is not None:
        worth = percent(share_of_value)
        size = Bilingual(
            f"{size.en}, who bring {worth.en} of revenue", f"{size.fr}, qui apportent {worth.fr} du chiffre d'affaires"
        )
    first = Bilingual(f"{size.en}.", f"{size.fr}.")
    if not traits:
        return (first,)
    parts = [_comparison(trait, currency) for trait in traits[:_TRAITS_IN_SENTENCE]]
    typical = Bilingual(
        f"Typically: {'; '.join(part.en for part in parts)}.",
        f"Typiquement{COLON} {f'{SEMICOLON} '.join(part.fr for part in parts)}.",
    )
    return (first, typical)


def _comparison(trait: DistinctiveTrait, currency: str) -> Bilingual:
    here, elsewhere = (write_value(v, trait.label.kind, currency=currency) for v in (trait.here, trait.elsewhere))
    return Bilingual(
        f"{trait.label.en} {here.en} against {elsewhere.en} elsewhere",
        f"{trait.label.fr} {here.fr} contre {elsewhere.fr} ailleurs",
    )
