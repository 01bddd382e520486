"""What a plan asks for and a store cannot do, refused before the first statement runs."""

from collections.abc import Iterator

from kohort.definitions.values import ValueType
from kohort.engines.plan import Plan
from kohort.engines.sql.dialects import Dialect
from kohort.errors import GapError
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, Exists, Includes, Missing, Property, leaves, wheres_of
from kohort.rules.operators import Function

LISTS = "lists of text"


def check_gaps(plan: Plan, catalog: Catalog, dialect: Dialect) -> None:
    """Raise GapError if `plan` reads a list of text and the dialect cannot.

    >>> from kohort.engines.plan import build_plan
    >>> from kohort.engines.sql.dialects import dialect_of
    >>> from kohort.rules.parse import parse_rule
    >>> catalog = Catalog(traits={"interests": ValueType.TEXT_LIST})
    >>> plan = build_plan({"": parse_rule('interests includes "golf"')}, catalog)
    >>> check_gaps(plan, catalog, dialect_of("bigquery"))
    Traceback (most recent call last):
    ...
    kohort.errors.GapError: bigquery cannot run a rule on lists of text: BigQuery stores a missing list as an empty ...
    """
    if dialect.lists is None and ValueType.TEXT_LIST in _types_read(plan, catalog):
        (gap,) = (one for one in dialect.gaps if one.what == LISTS)
        raise GapError(dialect.name, LISTS, gap.reason)


def _types_read(plan: Plan, catalog: Catalog) -> Iterator[ValueType]:
    """Yield the types of all columns that the statements of `plan` read."""
    for feature in plan.features:
        yield feature.type
        match feature.measure:
            case Aggregate(function=Function.COUNT | Function.DISTINCT, event=event, property=str(name)):
                yield from catalog.events[event][name]
    for condition in plan.conditions:
        for event, where in wheres_of(condition):
            for leaf in leaves(where):
                match leaf:
                    case Includes():
                        yield ValueType.TEXT_LIST
                    case Exists(value=Property(name=name)) | Missing(value=Property(name=name)):
                        yield from catalog.events[event][name]
