"""Discovering clusters in a table of its own: no project, no events, a row a person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kohort.definitions.clusters import METHODS, Method
from kohort.learning.clustering.comparison import agreement
from kohort.learning.clustering.discovery import FITTED, Discovery, discover
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.features.wording import prepared_words
from kohort.learning.personas.description import Persona, describe
from kohort.learning.wording import COLON, Bilingual, number
from kohort.pipeline.learning.compared import method_rows
from kohort.pipeline.learning.feature_files import FeatureFile, LeftOutColumn
from kohort.reports.method_data import MethodRow

ALIKE: Final = 0.9
"""From this adjusted Rand index on, categories are said not to change the clusters."""
_MIXTURES: Final = (Method.GAUSSIAN_MIXTURE, Method.BAYESIAN_MIXTURE)


@dataclass(frozen=True)
class UsedColumn:
    """A column that people were grouped by, with the `levels` of a category and, in words, how it became points."""

    column: str
    levels: tuple[str, ...]
    how: Bilingual


@dataclass(frozen=True, eq=False)
class TableDiscovery:
    """What was found in a table: the search with its reasons, and a persona for each cluster if there are any.

    `without` is the same search on the numbers alone, None where the table has no categories.
    """

    file: FeatureFile
    found: Discovery
    personas: tuple[Persona, ...]
    without: Discovery | None

    @property
    def methods(self) -> tuple[MethodRow, ...]:
        """The methods that were compared, k-means first."""
        return method_rows(self.found)

    @property
    def used(self) -> tuple[UsedColumn, ...]:
        """The columns that people were grouped by, numbers first."""
        preparation = self.found.preparation
        levels = {one.name: one.levels for one in preparation.one_hots}
        return tuple(UsedColumn(name, levels.get(name, ()), how) for name, how in prepared_words(preparation))

    @property
    def left_out(self) -> tuple[LeftOutColumn, ...]:
        """The columns that people were not grouped by, and why."""
        dropped = (LeftOutColumn(one.name, f"is {one.reason}") for one in self.found.preparation.dropped)
        return (*self.file.left_out, *dropped)

    @property
    def alike(self) -> float | None:
        """The adjusted Rand index of the clusters and those of the numbers alone, None where there are not both."""
        if self.without is None or self.found.model is None or self.without.model is None:
            return None
        return agreement(self.without.labels, self.found.labels)

    @property
    def warning(self) -> Bilingual | None:
        """Say so where categories change what is found, None where they do not or there are none."""
        if self.without is None:
            return None
        alike, with_them, alone = self.alike, self.found.choice.k, self.without.choice.k
        if (alike is None and with_them is alone is None) or (alike is not None and alike >= ALIKE):
            return None
        names = ", ".join(one.name for one in self.found.preparation.one_hots)
        return _changed_words(names, with_them, alone, alike)


def discover_table(
    file: FeatureFile,
    *,
    largest: int = 10,
    bootstraps: int = 20,
    seed: int = 0,
    methods: Sequence[Method] = METHODS,
    progress: Callable[[int, int], None] | None = None,
) -> TableDiscovery:
    """Compare `methods` at 2 to `largest` clusters; these are numbered by their mean value where one was read.

    A category weighs as much as one number, and can still decide alone what the clusters are: so the numbers are
    searched without categories too. Mixtures are tried on numbers only, for no level is distributed normally.

    Raises UsageError if `largest` is below 2 or there is no bootstrap.
    """
    value = np.zeros(len(file.table.person_ids)) if file.value is None else file.value
    has_categories = bool(fit_preparation(file.table.sample(FITTED, seed=seed)).one_hots)
    steps = _Searches(progress, 2 if has_categories else 1)

    def search(table: FeatureTable, tried: Sequence[Method]) -> Discovery:
        found = discover(
            table,
            value=value,
            seed=seed,
            ks=range(2, largest + 1),
            bootstraps=bootstraps,
            methods=tried,
            progress=steps.step,
        )
        steps.ended += 1
        return found

    if has_categories:
        found = search(file.table, [one for one in methods if one not in _MIXTURES])
        without = search(replace(file.table, texts={}), methods)
    else:
        found, without = search(file.table, methods), None
    return TableDiscovery(file, found, describe(found, file.table, value=value, labels={}), without)


class _Searches:
    """Tells the progress of several searches as one."""

    def __init__(self, progress: Callable[[int, int], None] | None, searches: int) -> None:
        self.ended = 0
        self._progress, self._searches = progress, searches

    def step(self, done: int, steps: int) -> None:
        if self._progress:
            self._progress(self.ended * steps + done, self._searches * steps)


def _changed_words(names: str, with_them: int | None, alone: int | None, alike: float | None) -> Bilingual:
    here, there = _count_words(with_them), _count_words(alone)
    english, french = "", ""
    if alike is not None:
        written = number(alike, 2)
        english, french = f" (adjusted Rand index {written.en})", f" (indice de Rand ajusté {written.fr})"
    return Bilingual(
        f"Categories change what is found: {here.en} with {names}, {there.en} without{english}. Leave out by --ignore "
        f"what people are not to be grouped by.",
        f"Les catégories changent le résultat{COLON} {here.fr} avec {names}, {there.fr} sans{french}. Écartez par "
        f"--ignore ce par quoi les personnes ne doivent pas être groupées.",
    )


def _count_words(k: int | None) -> Bilingual:
    if k is None:
        return Bilingual("no clusters", "aucun groupe")
    return Bilingual(f"{k} clusters", f"{k} groupes")
