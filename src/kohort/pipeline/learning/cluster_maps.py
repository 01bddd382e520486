"""Maps of the clusters that were found: by principal components, and the pictures that were asked for beside."""

import numpy as np

from kohort.definitions.clusters import ClustersDefinition, Picture
from kohort.learning.clustering.discovery import Discovery
from kohort.learning.features.projection import Projection, project
from kohort.learning.features.table import FeatureTable
from kohort.learning.traits import label_of
from kohort.learning.wording import Bilingual
from kohort.pipeline.wording import trait_labels
from kohort.reports.data import ClusterMap, ClusterPicture, Loading, MapPoint

_AXES = 2


def cluster_map(definition: ClustersDefinition, found: Discovery, table: FeatureTable) -> ClusterMap | None:
    """Return sampled people on two principal components; None without clusters, or where one column is a line."""
    if found.model is None or len(found.preparation.scaled_names) < _AXES:
        return None
    flat = project(found.preparation.scaled(table), seed=definition.seed)
    labels = trait_labels(definition)
    wordings = [label_of(name, labels) for name in found.preparation.scaled_names]
    return ClusterMap(
        points=_points(flat, found),
        explained=(float(flat.explained[0]), float(flat.explained[1])),
        loadings=tuple(
            Loading(Bilingual(one.en, one.fr), float(x), float(y))
            for one, x, y in zip(wordings, flat.loadings[0], flat.loadings[1], strict=True)
        ),
    )


def cluster_pictures(
    definition: ClustersDefinition, found: Discovery, table: FeatureTable
) -> tuple[ClusterPicture, ...]:
    """Return the same people as each other map that the score asks for places them; none without clusters.

    Raises MissingExtraError for UMAP without the extra `umap`.
    """
    if found.model is None or len(found.preparation.scaled_names) < _AXES:
        return ()
    scaled = found.preparation.scaled(table)
    return tuple(
        ClusterPicture(one.value, _points(project(scaled, seed=definition.seed, method=one), found))
        for one in definition.maps
        if one is not Picture.PCA
    )


def _points(flat: Projection, found: Discovery) -> tuple[MapPoint, ...]:
    places = np.round(flat.positions, 3).tolist()
    return tuple(
        MapPoint(x, y, int(found.labels[person]))
        for person, (x, y) in zip(flat.people, places, strict=True)
        if found.labels[person] >= 0
    )
