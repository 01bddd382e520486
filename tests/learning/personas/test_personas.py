from dataclasses import replace

import numpy as np
import pytest

from kohort.errors import UsageError
from kohort.learning.clustering.discovery import Discovery, discover
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.categories import CategoricalTrait, category_differences
from kohort.learning.personas.description import Persona, describe
from kohort.learning.traits import TraitKind, TraitLabel, write_value

ORDERS = TraitLabel(
    name="orders",
    en="orders",
    fr="commandes",
    high_en="many orders",
    high_fr="nombreuses commandes",
    low_en="few orders",
    low_fr="peu de commandes",
    kind=TraitKind.COUNT,
)
BASKET = TraitLabel(
    name="basket",
    en="basket",
    fr="panier",
    high_en="big baskets",
    high_fr="gros paniers",
    low_en="small baskets",
    low_fr="petits paniers",
    kind=TraitKind.MONEY,
)
LABELS = {label.name: label for label in (ORDERS, BASKET)}
PEOPLE = 300


def three_groups() -> tuple[FeatureTable, np.ndarray]:
    """Return loyal, big-basket and rare customers, a hundred each, with what they are worth."""
    random = np.random.default_rng(8)
    orders = np.repeat([40.0, 8.0, 4.0], 100) + random.normal(size=PEOPLE)
    basket = np.repeat([20.0, 90.0, 15.0], 100) + 3 * random.normal(size=PEOPLE)
    table = FeatureTable(
        tuple(f"p{one}" for one in range(PEOPLE)), ("orders", "basket"), np.column_stack([orders, basket])
    )
    return table, orders * basket


@pytest.fixture(scope="module")
def found() -> tuple[Discovery, FeatureTable, np.ndarray]:
    table, value = three_groups()
    return discover(table, value=value, seed=1, ks=range(2, 5), bootstraps=5), table, value


@pytest.fixture(scope="module")
def personas(found: tuple[Discovery, FeatureTable, np.ndarray]) -> tuple[Persona, ...]:
    discovery, table, value = found
    gender = CategoricalTrait("gender", ("f",) * 80 + ("m",) * 120 + (None,) * 100)
    return describe(discovery, table, value=value, labels=LABELS, categories=[gender], currency="$")


def test_personas_are_named_after_what_sets_them_apart(personas: tuple[Persona, ...]) -> None:
    assert [persona.name.en for persona in personas] == [
        "Many orders, small baskets",
        "Big baskets",
        "Few orders, small baskets",
    ]
    assert personas[1].name.fr == "Gros paniers"


def test_shares_add_up(personas: tuple[Persona, ...]) -> None:
    assert sum(persona.people for persona in personas) == PEOPLE
    assert sum(persona.share_of_people for persona in personas) == pytest.approx(1)
    assert sum(persona.share_of_value or 0 for persona in personas) == pytest.approx(1)
    values = [persona.share_of_value or 0 for persona in personas]
    assert values == sorted(values, reverse=True)


def test_each_trait_has_its_direction_and_typical_values(personas: tuple[Persona, ...]) -> None:
    loyal = {trait.label.name: trait for trait in personas[0].traits}
    assert loyal["orders"].high
    assert not loyal["basket"].high
    assert loyal["orders"].here == pytest.approx(40, abs=1)
    assert loyal["orders"].elsewhere == pytest.approx(6, abs=2)
    effects = [abs(trait.effect.estimate) for trait in personas[0].traits]
    assert effects == sorted(effects, reverse=True)


def test_the_example_is_the_member_with_the_smallest_sum_of_squared_distances(
    found: tuple[Discovery, FeatureTable, np.ndarray], personas: tuple[Persona, ...]
) -> None:
    discovery, table, _ = found
    points = discovery.preparation.apply(table)
    for persona in personas:
        members = np.nonzero(discovery.labels == persona.cluster)[0]
        sums = [((points[members] - points[member]) ** 2).sum() for member in members]
        assert persona.example == table.person_ids[members[int(np.argmin(sums))]]


def test_sentences_are_plain_in_both_languages(personas: tuple[Persona, ...]) -> None:
    size, typical = personas[1].sentences
    assert size.en.startswith("100 people, 33\u202f% of all, who bring ")
    assert size.fr.startswith("100 personnes, 33\u202f% de l'ensemble, qui apportent ")
    assert typical.en.startswith("Typically: basket $")
    assert typical.fr.startswith("Typiquement\u202f: panier 90,")
    assert "\u202f$ contre " in typical.fr
    assert "\u202f; " in typical.fr


def test_categories_are_compared_among_people_whose_category_is_known(personas: tuple[Persona, ...]) -> None:
    over, under = sorted(personas[0].categories, key=lambda one: -one.lift.estimate)
    assert (over.category, under.category) == ("f", "m")
    assert (over.here.estimate, over.here.n, over.elsewhere.estimate, over.elsewhere.n) == (0.8, 100, 0.0, 100)
    assert over.lift.low > 1 > under.lift.high
    assert personas[2].categories == ()


def test_categories_that_differ_by_chance_are_left_out() -> None:
    random = np.random.default_rng(2)
    labels = random.integers(0, 2, 1_000)
    trait = CategoricalTrait("region", tuple(random.choice(list("abcdefghij"), 1_000).tolist()))
    assert category_differences([trait], labels, 0) == ()


def test_separated_groups_are_not_gradual(personas: tuple[Persona, ...]) -> None:
    assert not any(persona.gradual for persona in personas)


def test_no_clusters_no_personas(found: tuple[Discovery, FeatureTable, np.ndarray]) -> None:
    discovery, table, value = found
    assert describe(replace(discovery, model=None), table, value=value, labels={}) == ()


def test_without_value_the_share_is_left_open(found: tuple[Discovery, FeatureTable, np.ndarray]) -> None:
    discovery, table, value = found
    persona = describe(discovery, table, value=np.zeros(PEOPLE), labels=LABELS)[0]
    assert persona.share_of_value is None
    assert persona.sentences[0].en == "100 people, 33\u202f% of all."
    with pytest.raises(UsageError, match="same people"):
        describe(discovery, table, value=value[1:], labels=LABELS)


@pytest.mark.parametrize(
    ("value", "kind", "en", "fr"),
    [
        (1234.5, TraitKind.MONEY, "€1\u202f234.50", "1\u202f234,50\u202f€"),
        (0.123, TraitKind.SHARE, "12\u202f%", "12\u202f%"),
        (0.012, TraitKind.SHARE, "1.2\u202f%", "1,2\u202f%"),
        (1.0, TraitKind.DAYS, "1 day", "1\u202fjour"),
        (1.5, TraitKind.DAYS, "1.5 days", "1,5\u202fjour"),
        (12.3, TraitKind.DAYS, "12 days", "12\u202fjours"),
        (43.0, TraitKind.COUNT, "43", "43"),
        (-0.25, TraitKind.NUMBER, "-0.2", "-0,2"),
    ],
)
def test_values_are_written_as_each_language_writes_them(value: float, kind: TraitKind, en: str, fr: str) -> None:
    written = write_value(value, kind, currency="€")
    assert (written.en, written.fr) == (en, fr)
    assert write_value(5.0, TraitKind.MONEY).fr == "5,00"
