"""Purchases as the models of value read them: people as numbers, days of the business, amounts."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.values import MICRO, ValueType
from kohort.learning.value.summaries import Purchases
from kohort.pipeline.facts import facts_until
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Bought:
    """Purchases, and the ids of their people in the order of their numbers; `until` is the day of the last moment."""

    purchases: Purchases
    people: pa.Array
    until: int


def bought_until(workspace: Workspace, event: str, value: str, at: Moment, where: str) -> Bought:
    """Return all purchases `event` up to `at`, whose property `value` is money, in days of the project's time zone.

    Raises UnknownNameError for an unknown event or property, DefinitionError for one that is no number.
    """
    facts = facts_until(workspace, event, {"value": (value, ValueType.NUMBER)}, at, where=where)
    coded = facts.column("person_id").combine_chunks().dictionary_encode()
    zone = workspace.settings.zone.key
    amounts = facts.column("value").cast(pa.float64(), safe=False).to_numpy() / MICRO
    purchases = Purchases(
        coded.indices.to_numpy().astype(np.int64), days_of(facts.column("ts").combine_chunks(), zone), amounts
    )
    # What is known at midnight is that of the day before.
    return Bought(purchases, coded.dictionary, int(days_of(pa.array([at - 1]), zone)[0]))


def days_of(moments: pa.Array, zone: str) -> np.ndarray:
    """Return the day of each moment (microseconds) in a time zone, as days since 1970, shape (moments,), int64.

    >>> days_of(pa.array([0, 86_399_000_000]), "Europe/Paris").tolist()
    [0, 1]
    """
    local = pc.local_timestamp(
        moments.cast(pa.int64()).cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us", zone))
    )
    days: np.ndarray = local.cast(pa.date32(), safe=False).cast(pa.int32()).to_numpy(zero_copy_only=False)
    return days.astype(np.int64)
