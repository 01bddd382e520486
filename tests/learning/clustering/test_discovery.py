from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from kohort.errors import UsageError
from kohort.learning.clustering.choice import Verdict
from kohort.learning.clustering.discovery import Discovery, discover
from kohort.learning.features.table import FeatureTable

Random = np.random.Generator


def table_of(values: np.ndarray) -> FeatureTable:
    people, features = values.shape
    return FeatureTable(tuple(map(str, range(people))), tuple(f"f{one}" for one in range(features)), values)


def mixture(k: int, features: int, people: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return people of k unequal groups whose centres are at least six standard deviations apart, and the groups."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(k, features))
    closest = min(float(np.linalg.norm(centres[i] - centres[j])) for i in range(k) for j in range(i))
    groups = random.choice(k, people, p=random.dirichlet(np.full(k, 8.0)))
    values = (centres * max(6 / closest, 1))[groups] + random.normal(size=(people, features))
    values[:, 0] = np.exp(values[:, 0] / 4)
    return values, groups


def found_in(values: np.ndarray, *, seed: int = 0, ks: range = range(2, 7), bootstraps: int = 8) -> Discovery:
    return discover(table_of(values), value=values[:, 0], seed=seed, ks=ks, bootstraps=bootstraps)


@pytest.mark.parametrize(("k", "features", "people", "seed"), [(2, 3, 400, 0), (3, 4, 700, 1), (5, 6, 1_000, 2)])
def test_people_of_known_groups_are_found_again(k: int, features: int, people: int, seed: int) -> None:
    values, groups = mixture(k, features, people, seed)
    found = found_in(values)
    assert (found.choice.verdict, found.choice.k) == (Verdict.SEPARATED, k)
    assert adjusted_rand_score(groups, found.labels) > 0.95
    assert all(cluster.stability.estimate > 0.9 and cluster.border_density < 0.5 for cluster in found.clusters)


def test_of_two_clusters_too_many_one_does_not_come_back() -> None:
    values, _ = mixture(3, 4, 700, 1)
    stability = {one.k: one.stability for one in found_in(values, ks=range(3, 6)).candidates}
    assert min(stability[3]) >= 0.85
    assert min(stability[5]) < 0.75


NOISE: dict[str, Callable[[Random], np.ndarray]] = {
    "a round cloud": lambda random: random.normal(size=(600, 5)),
    "an elongated cloud": lambda random: random.normal(size=(600, 5)) @ random.normal(size=(5, 5)),
    "one long axis": lambda random: (
        random.normal(size=(600, 4)) * [9, 1, 1, 1] @ np.linalg.qr(random.normal(size=(4, 4)))[0]
    ),
    "a box": lambda random: random.uniform(size=(600, 4)),
    "heavy tails": lambda random: np.exp(1.2 * random.normal(size=(600, 5))),
    "correlated heavy tails": lambda random: np.exp(0.4 * random.normal(size=(600, 4)) @ random.normal(size=(4, 4))),
    "many traits of few people": lambda random: random.normal(size=(150, 20)),
}


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("noise", NOISE)
def test_no_personas_are_invented_from_noise(noise: str, seed: int) -> None:
    found = found_in(NOISE[noise](np.random.default_rng(seed)), ks=range(2, 5), seed=seed, bootstraps=6)
    assert found.choice.verdict is Verdict.NONE
    assert (found.choice.k, found.model, found.labels.size, found.clusters) == (None, None, 0, ())
    assert len(found.candidates) == 3


def test_stability_alone_would_have_been_fooled_by_an_elongated_cloud() -> None:
    random = np.random.default_rng(0)
    found = found_in(NOISE["one long axis"](random), ks=range(2, 4))
    assert found.candidates[0].weakest > 0.75
    assert found.choice.k is None


def test_customers_in_a_continuum_with_structure_get_gradual_borders() -> None:
    # A bent band: two traits trade off along a quarter of a circle, so that some combinations never occur.
    random = np.random.default_rng(3)
    angle = random.uniform(0, np.pi, 1_200)
    band = 5 * np.column_stack([np.cos(angle), np.sin(angle)]) + 0.6 * random.normal(size=(1_200, 2))
    found = found_in(band)
    assert found.choice.verdict is Verdict.CONTINUUM
    assert max(cluster.border_density for cluster in found.clusters) > 0.5


def test_clusters_are_numbered_by_descending_value() -> None:
    values, groups = mixture(3, 4, 600, 1)
    worth = np.array([10.0, 500.0, 90.0])[groups]
    found = discover(table_of(values), value=worth, seed=0, ks=range(2, 5), bootstraps=5)
    means = [worth[found.labels == cluster].mean() for cluster in range(3)]
    assert means == sorted(means, reverse=True)


def test_the_same_seed_gives_the_same_clusters_on_one_thread_and_on_two() -> None:
    values, _ = mixture(3, 4, 600, 1)
    results = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            results.append(found_in(values, ks=range(2, 5)))
    one, two = results
    assert np.array_equal(one.labels, two.labels)
    assert one.candidates == two.candidates
    assert one.model is not None
    assert two.model is not None
    assert one.model.digest == two.model.digest


def test_another_seed_finds_the_same_groups() -> None:
    values, _ = mixture(3, 4, 600, 1)
    one, other = (found_in(values, seed=seed, ks=range(2, 5)) for seed in (0, 1))
    assert adjusted_rand_score(one.labels, other.labels) > 0.98


def test_the_table_holds_each_k_once_in_order_and_progress_is_told() -> None:
    values, _ = mixture(2, 3, 300, 0)
    told: list[tuple[int, int]] = []
    found = discover(
        table_of(values),
        value=values[:, 0],
        seed=0,
        ks=(4, 2, 3, 2),
        bootstraps=3,
        progress=lambda *at: told.append(at),
    )
    assert [candidate.k for candidate in found.candidates] == [2, 3, 4]
    assert told == [(1, 3), (2, 3), (3, 3)]
    shares = [candidate.inertia_share for candidate in found.candidates]
    assert shares == sorted(shares, reverse=True)
    assert all(len(candidate.stability) == candidate.k for candidate in found.candidates)


@pytest.mark.parametrize(
    "values",
    [np.arange(8.0).reshape(4, 2), np.ones((500, 3)), np.full((500, 2), np.nan), np.tile([[0.0], [1.0]], (200, 1))],
    ids=["four people", "all alike", "nothing known", "two kinds of people"],
)
def test_too_little_to_go_by_is_an_honest_none(values: np.ndarray) -> None:
    found = discover(table_of(values), value=np.zeros(len(values)), seed=0, bootstraps=3)
    assert (found.choice.verdict, found.candidates) == (Verdict.NONE, ())
    assert "too few" in found.choice.words.en


def test_senseless_calls_are_refused() -> None:
    table = table_of(np.random.default_rng(0).normal(size=(50, 2)))
    with pytest.raises(UsageError, match="from 2 up"):
        discover(table, value=np.zeros(50), seed=0, ks=range(1, 4))
    with pytest.raises(UsageError, match="at least one bootstrap"):
        discover(table, value=np.zeros(50), seed=0, bootstraps=0)
    for value in (np.zeros(49), np.full(50, np.nan)):
        with pytest.raises(UsageError, match="one finite number per person"):
            discover(table, value=value, seed=0)
