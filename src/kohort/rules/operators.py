"""The words of the rule language of which there is a fixed list: functions, comparisons, sides, units of length."""

from enum import StrEnum


class Function(StrEnum):
    """How many events, or many values, become one value."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"
    FIRST = "first"
    LAST = "last"


class Occurrence(StrEnum):
    """Which of a person's events is meant."""

    FIRST = "first"
    LAST = "last"


class Operator(StrEnum):
    """How two values are compared."""

    EQUAL = "="
    DIFFERENT = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class TextOperator(StrEnum):
    """What is asked of a text other than whether it is equal."""

    CONTAINS = "contains"
    STARTS_WITH = "starts with"
    ENDS_WITH = "ends with"
    MATCHES = "matches"


class Side(StrEnum):
    """Which end of the population."""

    TOP = "top"
    BOTTOM = "bottom"


class LengthUnit(StrEnum):
    """A unit of distance."""

    METRE = "m"
    KILOMETRE = "km"
