import numpy as np
import pytest

from kohort.definitions.preparation import Reduction
from kohort.errors import UsageError
from kohort.learning.clustering.reductions import recommended_reduction
from kohort.testing.hidden_waves import hidden_waves


def test_an_auto_encoder_is_recommended_where_people_lie_on_a_curved_surface() -> None:
    advice = recommended_reduction(hidden_waves(0, people=1_200).points, components=2, k=9, seed=0, splits=1)
    flat, curved = advice.trials
    assert advice.recommended is Reduction.AUTOENCODER
    assert curved.explained.low > flat.explained.high + 0.2
    assert "curved surface" in advice.words.en
    assert "surface courbe" in advice.words.fr


def test_principal_components_are_recommended_where_people_lie_flat() -> None:
    random = np.random.default_rng(6)
    flat = np.repeat(random.normal(size=(4, 2)) * 4, 100, axis=0) + random.normal(size=(400, 2))
    points = flat @ random.normal(size=(2, 8)) + 0.3 * random.normal(size=(400, 8))
    advice = recommended_reduction(points / points.std(axis=0), components=2, k=4, seed=0, splits=1)
    assert advice.recommended is Reduction.PCA
    assert "Principal components are recommended" in advice.words.en
    assert "composantes principales sont recommandées" in advice.words.fr


def test_too_few_people_are_refused() -> None:
    with pytest.raises(UsageError, match="comparing reductions needs 150 people"):
        recommended_reduction(np.ones((149, 3)), components=2, k=2, seed=0)
