"""The rule of each persona, asked of the real engine, finds exactly whom its tree does."""

import numpy as np
import pytest

from cluster_shop import found_groups, shop_of
from kohort.definitions.values import ValueType
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.boxes import holding, rule_of
from kohort.learning.personas.tree import described
from kohort.pipeline.facts import traits_at
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from kohort.reports.persona_words import fidelity_words
from kohort.rules.languages import Language
from small_shop import order

FEATURES = ("orders", "basket_value", "interval_days", "interval_trend")


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Eighty people of whom many ordered once, so that they have no interval between orders."""
    chance = np.random.default_rng(4)
    lines: list[object] = []
    for who in range(80):
        for _ in range(int(chance.integers(1, 5)) ** 2 // 2 + 1):
            days, total = chance.uniform(1, 200), float(chance.lognormal(3, 1))
            lines.append(order(f"p{who}", len(lines), days_ago=days, total=round(total, 2)))
    return shop_of(tmp_path_factory.mktemp("uneven"), lines)


@pytest.fixture(scope="module")
def table(uneven: Project) -> FeatureTable:
    workspace = Workspace.open(uneven.folder, uneven.clock)
    with workspace.views(workspace.catalog({})) as views:
        traits = traits_at(views, [(name, ValueType.NUMBER) for name in FEATURES], at=workspace.moment())
    columns = [[np.nan if one is None else one / 1e6 for one in traits.column(name).to_pylist()] for name in FEATURES]
    return FeatureTable(tuple(traits.column("person_id").to_pylist()), FEATURES, np.array(columns).T)


@pytest.mark.parametrize("seed", range(6))
def test_members_by_the_rule_are_whom_the_tree_finds_missing_values_too(
    uneven: Project, table: FeatureTable, seed: int
) -> None:
    missing = np.isnan(table.column("interval_trend"))
    assert missing.any()
    inside = np.random.default_rng(seed).random(80) < 0.3
    inside |= missing if seed % 2 else table.column("basket_value") > 30
    found = described(table, inside, seed=seed)
    values = {
        name: (np.rint(np.nan_to_num(table.column(name)) * 1e6).astype(np.int64), ~np.isnan(table.column(name)))
        for name in FEATURES
    }
    expected = holding(found.boxes, values, 80)
    evaluated = uneven.preview(rule_of(found.boxes, "orders", whole=found.whole), sample=80)
    assert set(evaluated.sample) == {one for one, hit in zip(table.person_ids, expected, strict=True) if hit}
    assert evaluated.size == int(expected.sum())


def test_each_persona_has_a_rule_of_its_people_in_both_languages(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = found_groups(tmp_path_factory.mktemp("ruled"))
    found = project.discovery()
    assert found is not None
    for card in found.personas:
        assert card.rule is not None
        assert not card.rule.is_poor
        assert card.rule.held_out == 18
        for language, sentence in ((Language.EN, card.rule.sentence.en), (Language.FR, card.rule.sentence.fr)):
            by_rule = project.preview(sentence, sample=60, language=language)
            by_persona = project.preview(f'persona_id = "{card.identity}"', sample=60)
            assert set(by_rule.sample) == set(by_persona.sample)
        words = fidelity_words(card.rule)
        assert words.en.startswith("It finds 100\u202f% of them; 100\u202f% of whom it finds are of them; F1 1.00")
        assert words.fr.startswith(
            "Elle en trouve 100\u202f%\u202f; 100\u202f% des personnes trouvées en sont\u202f; F1 1,00"
        )
