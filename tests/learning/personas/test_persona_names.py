"""What groups are called, read aloud in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.learning.personas.names import LARGE_ENOUGH, Leaning, distinct_names, name_of
from kohort.learning.traits import label_of
from kohort.pipeline.wording import BEHAVIOUR_LABELS, rfm_labels

LABELS = {**BEHAVIOUR_LABELS, **rfm_labels("rfm")}


def leanings(**effects: float) -> list[Leaning]:
    found = [Leaning(label_of(name, LABELS), effect) for name, effect in effects.items()]
    return sorted(found, key=lambda one: -abs(one.effect))


SNAPSHOTS = [
    ({"orders": 1.2, "basket_value": 0.9, "recency_days": -0.8},
     "Frequent buyers with large baskets, seen lately", "Acheteurs fréquents aux gros paniers, venus récemment"),
    ({"historic_clv": -1.0, "interval_days": 0.9, "recency_days": 0.7},
     "Small spenders with long pauses, not seen for long",
     "Petits dépensiers aux longues pauses, absents depuis longtemps"),
    ({"basket_value": 1.4, "interval_variability": -0.6},
     "Customers with large baskets and a regular rhythm", "Clients aux gros paniers et au rythme régulier"),
    ({"tenure_days": 1.4, "evening_share": 0.6, "trend": -0.55},
     "Customers of old, evening shoppers, on the decline", "Clients de longue date, acheteurs du soir, en baisse"),
    ({"tenure_days": -1.4, "places": -0.6, "weekend_share": 0.55},
     "Newcomers, weekend shoppers, in one store", "Nouveaux venus, acheteurs du week-end, dans un seul magasin"),
    ({"open_rate": 0.9, "orders": 0.7},
     "Frequent buyers with above-average open rate",
     "Acheteurs fréquents avec taux d'ouverture au-dessus de la moyenne"),
    ({"rfm_recency": 0.9, "rfm_monetary": -0.7},
     "Customers with a high recency score and a low monetary score",
     "Clients au score de récence élevé et au score de montant bas"),
    ({"shoe_size": 0.9, "orders": -0.7},
     "High shoe size, rare buyers", "Shoe size\u202f: niveau élevé, acheteurs rares"),
    ({"orders": 0.49, "basket_value": -0.3}, "Close to the average", "Proches de la moyenne"),
]  # fmt: skip


@pytest.mark.parametrize(("effects", "en", "fr"), SNAPSHOTS)
def test_names_sound_like_a_marketers(effects: dict[str, float], en: str, fr: str) -> None:
    [name] = distinct_names([leanings(**effects)])
    assert (name.en, name.fr) == (en, fr)


def test_only_the_three_largest_effects_make_a_name() -> None:
    group = leanings(orders=0.5, basket_value=-0.9, recency_days=0.8, historic_clv=0.7)
    [name] = distinct_names([group])
    assert name == name_of(group[:3])
    assert "frequent" not in name.en.lower()


def test_where_two_would_be_alike_the_later_tells_more_and_at_last_bears_a_number() -> None:
    same = leanings(orders=1.2, basket_value=0.9, recency_days=-0.8)
    longer = [*same, *leanings(trend=0.3)]
    names = distinct_names([same, longer, same, same, [], [], leanings(orders=0.4)])
    assert [name.en for name in names] == [
        "Frequent buyers with large baskets, seen lately",
        "Frequent buyers with large baskets, seen lately, on the rise",
        "Frequent buyers with large baskets, seen lately (2)",
        "Frequent buyers with large baskets, seen lately (3)",
        "Close to the average",
        "Close to the average (2)",
        "Close to the average (3)",
    ]


@given(
    st.lists(
        st.dictionaries(st.sampled_from(sorted(LABELS)), st.floats(-2, 2, allow_nan=False), max_size=5), max_size=12
    )
)
def test_no_two_names_are_alike_in_either_language(groups: list[dict[str, float]]) -> None:
    names = distinct_names([leanings(**one) for one in groups])
    assert len({one.en for one in names}) == len({one.fr for one in names}) == len(names) == len(groups)
    for name, effects in zip(names, groups, strict=True):
        is_average = max(map(abs, effects.values()), default=0) < LARGE_ENOUGH
        assert name.en.startswith("Close to the average") == is_average
