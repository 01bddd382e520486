"""Discovering clusters in a table of its own: no project, no events, a row a person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kohort.definitions.clusters import METHODS, Method
from kohort.learning.clustering.discovery import Discovery, discover
from kohort.learning.personas.description import Persona, describe
from kohort.pipeline.compared import method_rows
from kohort.pipeline.feature_files import FeatureFile
from kohort.reports.method_data import MethodRow


@dataclass(frozen=True, eq=False)
class TableDiscovery:
    """What was found in a table: the search with its reasons, and a persona for each cluster if there are any."""

    file: FeatureFile
    found: Discovery
    personas: tuple[Persona, ...]

    @property
    def methods(self) -> tuple[MethodRow, ...]:
        """The methods that were compared, k-means first."""
        return method_rows(self.found)


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

    Raises UsageError if `largest` is below 2 or there is no bootstrap.
    """
    value = np.zeros(len(file.table.person_ids)) if file.value is None else file.value
    found = discover(
        file.table,
        value=value,
        seed=seed,
        ks=range(2, largest + 1),
        bootstraps=bootstraps,
        methods=methods,
        progress=progress,
    )
    return TableDiscovery(file, found, describe(found, file.table, value=value, labels={}))
