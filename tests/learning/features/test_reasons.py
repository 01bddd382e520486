"""Why each feature came onto the scale as it did: the reason, the skewness before, and who has no value."""

import numpy as np
import pytest
from scipy.stats import skew

from kohort.definitions.preparation import Encoding, EncodingDefinition, PreparationDefinition, Scaling
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.reasons import scaling_reasons
from kohort.learning.features.table import FeatureTable

RANDOM = np.random.default_rng(4)
MONEY = np.where(np.arange(200) % 4 == 0, np.nan, np.exp(RANDOM.normal(3, 1, 200)))
TABLE = FeatureTable(
    tuple(map(str, range(200))),
    ("money", "age"),
    np.column_stack([MONEY, RANDOM.normal(50, 5, 200)]),
    {"tier": ("gold", "blue", None, "gold", "blue") * 40, "town": ("Lyon", "Nice") * 100, "shop": ("a", "b") * 100},
)
ENCODINGS = {
    "tier": EncodingDefinition(Encoding.ORDINAL, ("blue", "gold")),
    "town": EncodingDefinition(Encoding.FREQUENCY),
}


def test_a_marketer_reads_why() -> None:
    town = ("Lyon", "Lyon", "Nice", "Lyon", "Nice") * 40
    table = FeatureTable(TABLE.person_ids, TABLE.names, TABLE.values, {**TABLE.texts, "town": town})
    found = scaling_reasons(fit_preparation(table, PreparationDefinition(encodings=ENCODINGS)), table)
    assert {name: one.why.en for name, one in found.items()} == {
        "money": "skewed: left as it is, a few people would weigh most",
        "age": "even enough without bending",
        "tier": "a text whose levels have an order",
        "town": "a text of which only matters how common a value is",
        "shop": "a text whose levels have no order",
    }
    assert (found["money"].missing, found["age"].missing, found["tier"].missing) == (0.25, 0.0, 0.2)
    assert found["tier"].skewness is None


def test_skewness_is_that_of_known_values_within_the_limits() -> None:
    preparation = fit_preparation(TABLE)
    known = MONEY[~np.isnan(MONEY)]
    within = np.clip(known, *np.quantile(known, [0.005, 0.995]))
    assert scaling_reasons(preparation, TABLE)["money"].skewness == pytest.approx(float(skew(within)))


def test_what_the_score_declares_needs_no_other_reason() -> None:
    preparation = fit_preparation(TABLE, PreparationDefinition(Scaling.LOG))
    assert scaling_reasons(preparation, TABLE)["money"].why.fr == "le score le demande"
