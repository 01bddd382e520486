import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from kohort.definitions.preparation import PreparationDefinition, Reduction, ReductionDefinition
from kohort.errors import UsageError
from kohort.learning.features.autoencoder import AutoEncoder, fit_autoencoder
from kohort.learning.features.components import fit_components
from kohort.learning.features.preparation import Preparation, fit_preparation
from kohort.learning.features.table import FeatureTable, Points
from kohort.testing.hidden_waves import hidden_waves


def agreement(reduced: Points, groups: np.ndarray) -> float:
    labels = KMeans(int(groups.max()) + 1, n_init=10, random_state=0).fit_predict(reduced)
    return float(adjusted_rand_score(groups, labels))


def beats(seed: int) -> tuple[float, float]:
    waves = hidden_waves(seed)
    curved = fit_autoencoder(waves.points, components=2, seed=seed).apply(waves.points)
    flat = fit_components(waves.points, components=2).apply(waves.points)
    return agreement(curved, waves.groups), agreement(flat, waves.groups)


def test_on_hidden_waves_it_beats_as_many_principal_components_by_fifteen_hundredths() -> None:
    curved, flat = beats(0)
    assert curved > flat + 0.15
    assert curved > 0.9
    assert flat == pytest.approx(0.65, abs=0.05)


@pytest.mark.slow
def test_it_does_so_whatever_waves_are_drawn() -> None:
    gains = [curved - flat for curved, flat in map(beats, range(1, 7))]
    assert np.mean(gains) > 0.15
    assert min(gains) > 0


def test_the_same_seed_gives_the_same_embedding_and_json_keeps_it_to_the_last_bit() -> None:
    waves = hidden_waves(1, people=150)
    table = FeatureTable(tuple(map(str, range(150))), tuple(f"x{number}" for number in range(12)), waves.points)
    options = PreparationDefinition(reduction=ReductionDefinition(Reduction.AUTOENCODER, components=2))
    preparation, twin = (fit_preparation(table, options, seed=3) for _ in range(2))
    assert twin.digest == preparation.digest
    assert fit_preparation(table, options, seed=4).digest != preparation.digest
    again = Preparation.from_json(preparation.to_json())
    assert isinstance(again.reduction, AutoEncoder)
    assert (again.apply(table) == preparation.apply(table)).all()


def test_the_network_has_two_hidden_layers_before_its_middle_and_gives_back_what_it_says() -> None:
    waves = hidden_waves(2, people=600)
    found = fit_autoencoder(waves.points, components=2, seed=0)
    assert [len(layer.offsets) for layer in (*found.encoder, *found.decoder)] == [32, 16, 2, 16, 32, 12]
    rest = ((waves.points - found.inverse(found.apply(waves.points))) ** 2).sum() / (waves.points**2).sum()
    assert 1 - rest == pytest.approx(found.explained, abs=0.05)
    assert np.abs(found.apply(100 * waves.points)).max() <= 1


@pytest.mark.parametrize(("people", "components"), [(49, 1), (100, 3), (100, 0)])
def test_too_few_people_or_no_fewer_columns_are_refused(people: int, components: int) -> None:
    with pytest.raises(UsageError, match="an auto-encoder needs 50 people and fewer components"):
        fit_autoencoder(np.random.default_rng(0).normal(size=(people, 3)), components=components, seed=0)
