"""Customer lifetime value as a score: what people will be worth as of a moment, as traits, and how that was found."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from kohort.clock import DAY, Moment
from kohort.definitions.clv import ClvDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.learning.value.bayesian import SAMPLED, Expectations, posteriors_of
from kohort.learning.value.contest import MODELS
from kohort.learning.value.results import Foreteller, Terms
from kohort.learning.value.study import Valued, lacking_repeats, study_value
from kohort.learning.value.summaries import DAYS_A_WEEK, merge_days
from kohort.pipeline.learning.kept_documents import keep_document
from kohort.pipeline.learning.purchases import bought_until
from kohort.pipeline.learning.values import ValueDocument
from kohort.pipeline.scoring import record_scores
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import ValueStudied

_SEED = 2005
_AUTO = "auto"


def clv_scores(
    workspace: Workspace, definition: ClvDefinition, at: Moment
) -> tuple[pa.Table, dict[str, ValueType], ValueDocument] | str:
    """Return each person's value as of `at`, its types, and what was found; or why nothing can be said yet."""
    bought = bought_until(workspace, definition.event, definition.value, at, f'score "{definition.name}"')
    merged, told = merge_days(bought.purchases)
    if lack := lacking_repeats(merged, bought.until):
        return lack
    model = None if definition.model == _AUTO else Foreteller(definition.model)
    terms = Terms(definition.horizon / DAY / DAYS_A_WEEK, definition.discount, definition.margin)
    study, valued = study_value(merged, told, bought.until, terms, model=model, seed=_SEED)
    currency = definition.currency or workspace.settings.currency
    expected = None
    if definition.posterior and study.chosen in SAMPLED:
        sampled = posteriors_of(MODELS[study.chosen], valued.histories, terms.weeks, seed=_SEED)
        study, expected = replace(study, posterior=sampled.told(study.chosen)), sampled.expectations
    columns = value_columns(definition, valued, expected)
    people = bought.people.take(pa.array(valued.histories.person))
    table = pa.table({"person_id": people, **{name: _micros(one) for name, one in columns.items()}})
    document = ValueDocument(definition.name, at, currency, definition.horizon, study)
    return table.sort_by([("person_id", "ascending")]), dict.fromkeys(columns, ValueType.NUMBER), document


def record_values(workspace: Workspace, definition: ClvDefinition, at: Moment) -> str:
    """Write what people will be worth as traits, keep what was found, and return it in words."""
    found = clv_scores(workspace, definition, at)
    if isinstance(found, str):
        return found
    table, types, document = found
    chosen = document.study.chosen
    keep_document(workspace, "value", document, lambda file: ValueStudied(definition.name, at, file, chosen))
    record_scores(workspace, definition.name, table, types, at)
    told = f"{len(types)} traits of {table.num_rows:,} people by {chosen}"
    if definition.posterior and not document.study.posterior:
        return f"{told}; it has no posterior, so that limits of what is expected are missing"
    return told


def value_columns(
    definition: ClvDefinition, valued: Valued, expected: Expectations | None = None
) -> Mapping[str, np.ndarray]:
    """Return the traits of a score of value by name, each of shape (people,), NaN where its model says nothing.

    `expected` are the limits of expectations, None where no posterior was sampled.
    """
    forecast, spread = valued.forecast, valued.spread
    columns = [
        forecast.worth, spread.low, spread.high, valued.decile.astype(np.float64), spread.top, forecast.purchases,
        forecast.value, forecast.active, forecast.alive,
    ]  # fmt: skip
    if definition.posterior:
        unknown = np.full(len(forecast.worth), np.nan)
        columns += [unknown] * 4 if expected is None else [
            expected.purchases_low, expected.purchases_high, expected.value_low, expected.value_high
        ]  # fmt: skip
    return dict(zip(definition.traits, columns, strict=True))


def _micros(values: np.ndarray) -> pa.Array:
    unknown = np.isnan(values)
    return pa.array(np.rint(np.where(unknown, 0, values) * MICRO).astype(np.int64), pa.int64(), mask=unknown)
