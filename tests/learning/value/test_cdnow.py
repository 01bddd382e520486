"""The purchases of CDNOW are all there: what others published of them can be reproduced from nothing else."""

from datetime import date
from pathlib import Path

import pytest

from cdnow_data import CDNOW, needs_cdnow
from kohort.errors import InputError
from kohort.testing.cdnow import MASTER, SAMPLE, read_cdnow


@needs_cdnow
@pytest.mark.parametrize(("name", "people", "purchases"), [(SAMPLE, 2_357, 6_919), (MASTER, 23_570, 69_659)])
def test_as_many_people_and_purchases_as_published(name: str, people: int, purchases: int) -> None:
    told = read_cdnow(CDNOW, name)
    assert len(set(told.people)) == people
    assert len(told.people) == len(told.days) == len(told.amounts) == purchases
    assert (min(told.days), max(told.days)) == (date(1997, 1, 1), date(1998, 6, 30))


def test_a_missing_file_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"make \.venv/cdnow/\.ready"):
        read_cdnow(tmp_path)
