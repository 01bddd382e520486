"""Discovering clusters in a table of its own: no project, no events, a row a person."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kohort.learning.clustering.discovery import Discovery, discover
from kohort.learning.personas.description import Persona, describe
from kohort.pipeline.feature_files import FeatureFile


@dataclass(frozen=True, eq=False)
class TableDiscovery:
    """What was found in a table: the search with its reasons, and a persona for each cluster if there are any."""

    file: FeatureFile
    found: Discovery
    personas: tuple[Persona, ...]


def discover_table(
    file: FeatureFile,
    *,
    largest: int = 10,
    bootstraps: int = 20,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> TableDiscovery:
    """Look for 2 to `largest` clusters; they are numbered by their mean value where one was read.

    Raises UsageError if `largest` is below 2 or there is no bootstrap.
    """
    value = np.zeros(len(file.table.person_ids)) if file.value is None else file.value
    found = discover(
        file.table, value=value, seed=seed, ks=range(2, largest + 1), bootstraps=bootstraps, progress=progress
    )
    return TableDiscovery(file, found, describe(found, file.table, value=value, labels={}))
