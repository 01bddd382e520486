"""CDNOW's sample as the models of value read it: known for 39 weeks, held out for 39 more."""

from datetime import date
from functools import cache
from typing import Final

import numpy as np

from cdnow_data import CDNOW
from kohort.learning.value.summaries import Future, Histories, Merged, Purchases, future_of, histories_of, merge_days
from kohort.testing.cdnow import SAMPLE, read_cdnow

EPOCH: Final = date(1970, 1, 1)
SPLIT: Final = (date(1997, 9, 30) - EPOCH).days
END: Final = (date(1998, 6, 30) - EPOCH).days
WEEKS: Final = 39.0


@cache
def cdnow_purchases(name: str = SAMPLE) -> tuple[Purchases, Merged]:
    """Return the purchases of a file, one for each person and day."""
    read = read_cdnow(CDNOW, name)
    people = np.unique(np.array(read.people), return_inverse=True)[1].astype(np.int64)
    days = np.array([(day - EPOCH).days for day in read.days])
    return merge_days(Purchases(people, days, np.array(read.amounts)))


@cache
def cdnow_split() -> tuple[Histories, Future]:
    """Return what was known after 39 weeks, and what followed in 39 more."""
    merged, _ = cdnow_purchases()
    histories = histories_of(merged, SPLIT)
    return histories, future_of(merged, histories.person, SPLIT, END)
