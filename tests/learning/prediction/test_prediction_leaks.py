"""What is learnt knows nothing of the people who judge it: not by scaling, selection, made-up examples or texts."""

from dataclasses import replace

import numpy as np
import pytest

from kohort.learning.features.table import FeatureTable
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import Examples
from kohort.learning.prediction.fitting import Balance
from kohort.learning.prediction.folds import Fold
from kohort.learning.prediction.study import train
from prediction_people import people_with_chances

LEARNT, JUDGED, PEOPLE = 500, 100, 700


def altered(examples: Examples) -> Examples:
    """The same with others in place of the last hundred: far away, of a town nobody knows, with the opposite labels."""
    table, last = examples.table, np.arange(PEOPLE) >= LEARNT + JUDGED
    values = np.where(last[:, None], 1_000 * table.values + 77, table.values)
    texts = {
        name: tuple("Atlantis" if gone else text for gone, text in zip(last, told, strict=True))
        for name, told in table.texts.items()
    }
    reached = examples.reached ^ last
    return replace(examples, table=FeatureTable(table.person_ids, table.names, values, texts), reached=reached)


@pytest.mark.parametrize("balance", [Balance.WEIGHTS, Balance.SMOTE])
@pytest.mark.parametrize("family", ["logistic", pytest.param("lightgbm", marks=pytest.mark.slow)])
def test_chances_do_not_move_with_who_else_is_held_out(family: str, balance: Balance) -> None:
    examples, _ = people_with_chances(PEOPLE, base=-1.0, seed=12)
    fold = Fold(np.arange(LEARNT), np.arange(LEARNT, PEOPLE))
    plan = Plan(families=(family,), balance=balance)
    once, again = (train(one, plan, folds=[fold]) for one in (examples, altered(examples)))
    assert once.rows.tolist() == list(range(LEARNT, PEOPLE))
    assert once.chances[:JUDGED].tolist() == again.chances[:JUDGED].tolist()
    assert once.chances[JUDGED:].tolist() != again.chances[JUDGED:].tolist()
