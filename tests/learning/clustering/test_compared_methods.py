"""Which method wins where, and that none of them finds anything in noise."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import make_circles, make_moons
from sklearn.metrics import adjusted_rand_score, silhouette_score

from kohort.definitions.clusters import METHODS, Method
from kohort.errors import UsageError
from kohort.learning.clustering.across import choose_method, verdict_on
from kohort.learning.clustering.choice import Choice, Criteria, Objection, Verdict
from kohort.learning.clustering.comparison import Comparison, MethodResult, agreement
from kohort.learning.clustering.discovery import Discovery, discover
from kohort.learning.clustering.folds import method_folds
from kohort.learning.clustering.methods.assigners import Centroids, Mixture, Neighbours
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.clustering.reference import Gap
from kohort.learning.clustering.samples import draw_samples
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.description import describe
from kohort.learning.wording import Bilingual

Random = np.random.Generator
Crowd = tuple[np.ndarray, np.ndarray]


def table_of(values: np.ndarray) -> FeatureTable:
    people, features = values.shape
    return FeatureTable(tuple(map(str, range(people))), tuple(f"f{one}" for one in range(features)), values)


def found_in(values: np.ndarray, methods: tuple[Method, ...] = tuple(Method), *, bootstraps: int = 5) -> Discovery:
    return discover(
        table_of(values), value=values[:, 0], seed=0, ks=range(2, 5), bootstraps=bootstraps, methods=methods
    )


def compared(found: Discovery) -> Comparison:
    assert found.comparison is not None
    return found.comparison


def spheres(random: Random) -> Crowd:
    groups = random.integers(0, 3, 600)
    return random.normal(size=(600, 3)) + 8 * np.eye(3)[groups], groups


def moons(random: Random) -> Crowd:
    values, groups = make_moons(600, noise=0.07, random_state=1)
    return values, groups


def rings(random: Random) -> Crowd:
    values, groups = make_circles(700, noise=0.04, factor=0.4, random_state=1)
    return values, groups


def unequal(random: Random) -> Crowd:
    """Two wide flat groups above one another and a tight one apart: no centroid's neighbourhood has these shapes."""
    groups = random.choice(3, 600, p=[0.5, 0.3, 0.2])
    spread = np.array([[3.0, 0.4, 0.4], [0.4, 3.0, 0.4], [0.5, 0.5, 0.5]])[groups]
    middle = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.6], [4.0, 4.0, -3.0]])[groups]
    return random.normal(size=(600, 3)) * spread + middle, groups


SHAPES: list[tuple[Callable[[Random], Crowd], set[Method]]] = [
    (spheres, {Method.K_MEANS}),
    (moons, {Method.HDBSCAN, Method.DBSCAN}),
    (rings, {Method.HDBSCAN, Method.DBSCAN}),
    (unequal, {Method.GAUSSIAN_MIXTURE}),
]


def test_one_method_alone_is_taken_whatever_others_find() -> None:
    values, groups = spheres(np.random.default_rng(0))
    asked = {"value": values[:, 0], "seed": 0, "ks": range(2, 5), "bootstraps": 5, "methods": (Method.WARD,)}
    free = discover(table_of(values), **asked)  # type: ignore[arg-type]
    found = discover(table_of(values), **asked, only=Method.WARD)  # type: ignore[arg-type]
    assert (free.method, found.method, found.choice.k) == (Method.K_MEANS, Method.WARD, 3)
    assert adjusted_rand_score(groups, found.labels) > 0.99
    noise = np.random.default_rng(1).normal(size=(400, 3))
    none = discover(table_of(noise), **{**asked, "value": noise[:, 0]}, only=Method.WARD)  # type: ignore[arg-type]
    assert (none.choice.k, none.model) == (None, None)
    assert none.choice.words.en.startswith("hierarchical, Ward: ")
    with pytest.raises(UsageError, match="hdbscan is to be taken but not to be tried"):
        discover(table_of(values), **asked, only=Method.HDBSCAN)  # type: ignore[arg-type]


@pytest.mark.parametrize(("shape", "winners"), SHAPES)
def test_the_method_that_fits_the_shape_wins(shape: Callable[[Random], Crowd], winners: set[Method]) -> None:
    values, groups = shape(np.random.default_rng(0))
    found = found_in(values, METHODS)
    assert found.method in winners
    assert found.choice.verdict is Verdict.SEPARATED
    inside = found.labels >= 0
    assert inside.mean() > 0.9
    assert adjusted_rand_score(groups[inside], found.labels[inside]) > 0.95
    if found.method is not Method.K_MEANS:
        assert "k-means" in found.choice.words.en
        assert "k-moyennes" in found.choice.words.fr
    assert len(found.clusters) == found.choice.k
    assert all(cluster.stability.estimate >= 0.75 for cluster in found.clusters)


NOISE: dict[str, Callable[[Random], np.ndarray]] = {
    "uniform": lambda random: random.uniform(size=(400, 2)),
    "one normal": lambda random: random.normal(size=(400, 4)),
    "skewed lognormal": lambda random: np.exp(random.normal(size=(400, 3))),
}


@pytest.mark.parametrize("noise", ["one normal"])
def test_noise_has_no_structure_for_any_method(noise: str) -> None:
    found = found_in(NOISE[noise](np.random.default_rng(0)))
    assert [one.method for one in compared(found).results] == list(Method)
    assert [one.method for one in compared(found).results if one.holds] == []
    assert (found.choice.verdict, found.choice.k, found.model, found.labels.size) == (Verdict.NONE, None, None, 0)
    assert "Other methods find none that hold either" in found.choice.words.en
    assert "pas non plus" in found.choice.words.fr


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("noise", NOISE)
def test_noise_has_no_structure_for_any_method_whatever_the_draw(noise: str, seed: int) -> None:
    found = found_in(NOISE[noise](np.random.default_rng(seed)), bootstraps=10)
    assert [one.method for one in compared(found).results if one.holds] == []


def test_every_figure_of_the_table_is_that_of_the_evaluated_people() -> None:
    values, _ = spheres(np.random.default_rng(0))
    found = found_in(values)
    points = found.preparation.apply(table_of(values))
    evaluated = draw_samples(points, refits=5, seed=0).evaluated
    comparison = compared(found)
    assert len(evaluated) == 600
    for clusters in comparison.clusters:
        row = clusters.result
        labels = clusters.assigner.assign(evaluated)
        inside = labels >= 0
        assert row.outside == pytest.approx((~inside).mean())
        assert row.sizes == pytest.approx(sorted((np.bincount(labels[inside]) / 600).tolist(), reverse=True))
        assert row.silhouette is not None
        assert row.silhouette_squared == pytest.approx(
            silhouette_score(evaluated[inside], labels[inside], metric="sqeuclidean")
        )
        assert row.silhouette.mean == pytest.approx(
            silhouette_score(evaluated[inside], labels[inside]), abs=3 * row.silhouette.error
        )
        for other, share in row.same:
            theirs = next(one for one in comparison.clusters if one.result.method is other).assigner.assign(evaluated)
            both = inside & (theirs >= 0)
            assert share == pytest.approx(adjusted_rand_score(labels[both], theirs[both]))
        assert len(row.stability) == row.k
        assert clusters.similarities.shape == (5, row.k)
        assert (row.certainty is not None) == isinstance(clusters.assigner, Mixture)
    assert {type(one.assigner) for one in comparison.clusters} == {Centroids, Mixture, Neighbours}
    assert [one.method for one in comparison.dendrograms] == ["ward", "complete", "average"]
    assert comparison.curve is not None


@pytest.mark.parametrize("method", [Method.GAUSSIAN_MIXTURE, Method.HDBSCAN])
def test_a_model_of_any_method_gives_everyone_their_cluster_again_together_and_alone(method: Method) -> None:
    shape = unequal if method is Method.GAUSSIAN_MIXTURE else moons
    values, _ = shape(np.random.default_rng(0))
    found = found_in(values, (Method.K_MEANS, method))
    assert found.method is method
    assert found.model is not None
    again = ClusterModel.from_json(found.model.to_json())
    assert again == found.model
    assert again.digest == found.model.digest
    table = table_of(values)
    assert (again.assign(table) == found.labels).all()
    alone = [
        again.assign(FeatureTable((str(row),), table.names, values[row : row + 1]))[0] for row in range(len(values))
    ]
    assert (np.array(alone) == found.labels).all()
    means = [values[found.labels == cluster, 0].mean() for cluster in range(len(found.clusters))]
    assert means == sorted(means, reverse=True)


def test_the_search_of_k_means_does_not_depend_on_other_methods() -> None:
    values, _ = spheres(np.random.default_rng(0))
    alone, among = found_in(values, (Method.K_MEANS,)), found_in(values, METHODS)
    assert alone.comparison is None
    assert alone.candidates == among.candidates
    assert (alone.labels == among.labels).all()
    assert alone.model == among.model


def test_progress_counts_numbers_of_clusters_and_methods() -> None:
    values, _ = spheres(np.random.default_rng(0))
    told: list[tuple[int, int]] = []
    methods = (Method.K_MEANS, Method.HDBSCAN)
    discover(
        table_of(values),
        value=values[:, 0],
        seed=0,
        ks=(2, 3),
        bootstraps=2,
        methods=methods,
        progress=lambda *at: told.append(at),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_people_in_no_cluster_are_in_no_persona_and_count_as_everybody_else() -> None:
    values, _ = rings(np.random.default_rng(0))
    values[:3] = [[2.5, 2.5], [-2.5, 2.5], [2.5, -2.5]]
    found = found_in(values, (Method.K_MEANS, Method.HDBSCAN))
    assert found.method is Method.HDBSCAN
    assert found.labels[:3].tolist() == [-1, -1, -1]
    personas = describe(found, table_of(values), value=np.ones(700), labels={})
    assert [one.people for one in personas] == np.bincount(found.labels[found.labels >= 0]).tolist()
    assert sum(one.share_of_people for one in personas) == pytest.approx((found.labels >= 0).mean())
    assert not any(one.gradual for one in personas)
    points = found.preparation.apply(table_of(values))
    folds = method_folds(points, found.labels, found.again, seed=0)
    assert all(fold.estimate > 0.9 and fold.n == 5 for fold in folds)


# The rule

K_MEANS = MethodResult(Method.K_MEANS, 3, stability=(0.9,) * 3)
THREE = Choice(Verdict.SEPARATED, 3, Bilingual("Three.", "Trois."))
PARTS = replace(THREE, verdict=Verdict.CONTINUUM)
NONE = Choice(Verdict.NONE, None, Bilingual("None.", "Aucun."))


def row(method: Method, k: int, same: float, better: float, **changes: object) -> MethodResult:
    held = MethodResult(
        method, k, stability=(0.8,) * k, same=((Method.K_MEANS, same),), better=Gap(better, 0.01), sizes=(1 / k,) * k
    )
    return replace(held, **changes)  # type: ignore[arg-type]


UNSTABLE = {"objections": (Objection.UNSTABLE,)}


@pytest.mark.parametrize(
    ("choice", "others", "method", "k"),
    [
        (THREE, [row(Method.WARD, 3, 0.95, 0.5)], Method.K_MEANS, 3),
        (THREE, [row(Method.WARD, 3, 0.5, 0.0)], Method.K_MEANS, 3),
        (THREE, [row(Method.HDBSCAN, 2, 0.5, 0.5)], Method.K_MEANS, 3),
        (THREE, [row(Method.HDBSCAN, 3, 0.5, 0.5)], Method.HDBSCAN, 3),
        (THREE, [row(Method.HDBSCAN, 4, 0.5, 0.5, **UNSTABLE)], Method.K_MEANS, 3),
        (PARTS, [row(Method.HDBSCAN, 2, 0.5, 0.5)], Method.HDBSCAN, 2),
        (NONE, [replace(row(Method.HDBSCAN, 2, 0.5, 0.0), better=None)], Method.HDBSCAN, 2),
        (NONE, [row(Method.HDBSCAN, 2, 0.5, 0.5, **UNSTABLE)], Method.K_MEANS, None),
        (NONE, [row(Method.WARD, 2, 0.5, 0.5), row(Method.HDBSCAN, 3, 0.5, 0.5)], Method.HDBSCAN, 3),
        (NONE, [row(Method.WARD, 3, 0.5, 0.5), row(Method.HDBSCAN, 3, 0.5, 0.5)], Method.WARD, 3),
        (NONE, [row(Method.WARD, 3, 0.5, 0.5), row(Method.HDBSCAN, 2, 0.5, 0.5, density=0.1)], Method.HDBSCAN, 2),
        (THREE, [], Method.K_MEANS, 3),
    ],
)
def test_the_rule_across_methods(choice: Choice, others: list[MethodResult], method: Method, k: int | None) -> None:
    taken, chosen = choose_method([K_MEANS, *others], choice, Criteria())
    assert (taken, chosen.k) == (method, k)


def test_the_words_say_why_a_method_was_taken_in_both_languages() -> None:
    hdbscan = row(Method.HDBSCAN, 4, 0.25, 0.5, outside=0.12)
    words = choose_method([K_MEANS, hdbscan], THREE, Criteria())[1].words
    assert "4 separated clusters, found by HDBSCAN" in words.en
    assert "The 3 clusters of k-means cut across them (adjusted Rand index 0.25)" in words.en
    assert "12\u202f% of people are in none." in words.en
    assert "indice de Rand ajusté 0,25" in words.fr
    assert "12\u202f% des personnes ne sont dans aucun." in words.fr
    same = choose_method([K_MEANS, row(Method.WARD, 3, 1.0, 0.0), row(Method.HDBSCAN, 3, 1.0, 0.0)], THREE, Criteria())
    assert same[1].words.en == "Three. hierarchical, Ward, HDBSCAN find the same; k-means is the simplest."
    alone = choose_method([K_MEANS, row(Method.WARD, 3, 0.2, 0.0)], THREE, Criteria())
    assert alone[1].words.en == "Three. No other method finds more that holds."


def test_every_row_says_how_the_method_fared() -> None:
    told = {
        verdict_on(one, THREE, Criteria()).en
        for one in (
            K_MEANS,
            row(Method.WARD, 3, 0.95, 0.0),
            row(Method.WARD, 3, 0.5, 0.5),
            row(Method.WARD, 3, 0.5, 0.0),
            row(Method.WARD, 3, 0.5, 0.0, refused=Bilingual("too many pairs", "trop de paires")),
            row(Method.WARD, 3, 0.5, 0.0, objections=(Objection.UNSTABLE, Objection.MOSTLY_OUTSIDE)),
        )
    }
    assert told == {
        "holds",
        "holds, and finds the same as k-means",
        "holds, and finds what k-means cannot",
        "holds, and finds no more than k-means",
        "not run: too many pairs",
        "a cluster does not come back when people are drawn again; too many people are in no cluster",
    }


def test_a_method_that_cannot_be_run_is_listed_with_the_reason_in_both_languages() -> None:
    values = np.repeat([[0.0, 0.0], [5.0, 5.0], [9.0, 0.0]], 40, axis=0)
    values[:6] += np.random.default_rng(1).normal(size=(6, 2))
    found = found_in(values, (Method.K_MEANS, Method.DBSCAN))
    assert found.comparison is not None
    refused = found.comparison.results[1]
    assert refused.k == 0
    words = verdict_on(refused, found.k_means, Criteria())
    assert words.en.startswith("not run: DBSCAN needs people at different places")
    assert words.fr.startswith("non exécutée\u202f: DBSCAN demande des personnes à des endroits différents")


def test_agreement_is_of_the_people_who_are_in_clusters_of_both() -> None:
    assert agreement(np.array([0, 0, 1, -1]), np.array([1, 1, 0, 1])) == 1.0
    assert agreement(np.array([-1, 0]), np.array([0, -1])) == 0.0
