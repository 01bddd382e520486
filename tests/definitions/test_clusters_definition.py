"""What a clusters score may say of methods and sizes, and what is refused."""

import pytest

from kohort.definitions.clusters import METHODS, ClustersDefinition, Method, Picture
from kohort.definitions.score import score_definitions_of
from kohort.errors import DefinitionError


def clusters(**declared: object) -> ClustersDefinition:
    score = {"kind": "clusters", "name": "persona", "features": ["orders", "revenue"], **declared}
    [definition] = score_definitions_of({"scores": [score]}, "scores/persona.yaml")
    assert isinstance(definition, ClustersDefinition)
    return definition


def test_four_methods_are_compared_unless_others_are_named_and_k_means_always() -> None:
    assert clusters().methods == METHODS
    assert clusters(methods=["dbscan", "ward", "dbscan"]).methods == (Method.K_MEANS, Method.DBSCAN, Method.WARD)
    assert clusters(methods=["k_means"]).methods == (Method.K_MEANS,)


def test_the_map_of_components_is_always_drawn_and_others_where_they_are_asked_for() -> None:
    assert clusters().maps == (Picture.PCA,)
    assert clusters(maps=["tsne", "tsne"]).maps == (Picture.PCA, Picture.TSNE)


def test_the_size_floor_and_the_guide_are_the_projects() -> None:
    found = clusters(smallest_share=0.02, smallest_people=500, silhouette=0.3)
    assert (found.smallest_share, found.smallest_people, found.silhouette) == (0.02, 500, 0.3)
    assert (clusters().smallest_share, clusters().smallest_people, clusters().silhouette) == (0.01, 50, 0.5)


@pytest.mark.parametrize(
    ("declared", "field"),
    [
        ({"methods": ["spectral"]}, "methods"),
        ({"smallest_share": 1}, "smallest_share"),
        ({"smallest_share": -0.1}, "smallest_share"),
        ({"smallest_people": 0}, "smallest_people"),
        ({"silhouette": 2}, "silhouette"),
        ({"maps": ["mds"]}, "maps"),
    ],
)
def test_what_makes_no_sense_is_refused_by_the_name_of_its_field(declared: dict[str, object], field: str) -> None:
    with pytest.raises(DefinitionError, match=field):
        clusters(**declared)
