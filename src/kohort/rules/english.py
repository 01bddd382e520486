"""The English words of the rule language."""

from collections.abc import Mapping
from typing import Final

from kohort.rules.vocabulary import Vocabulary, explanations_of

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "AND": ("and",),
    "OR": ("or",),
    "NOT": ("not",),
    "DID": ("did",),
    "WHERE": ("where",),
    "IN_SEGMENT": ("in segment",),
    "COUNT_OF": ("count of",),
    "SUM_OF": ("sum of",),
    "MEAN_OF": ("mean of",),
    "MIN_OF": ("min of",),
    "MAX_OF": ("max of",),
    "DISTINCT_OF": ("distinct of",),
    "FIRST_OF": ("first of",),
    "LAST_OF": ("last of",),
    "DAYS_SINCE_FIRST": ("days since first",),
    "DAYS_SINCE_LAST": ("days since last",),
    "SCORE_OF": ("score of",),
    "OUT_OF": ("out of",),
    "REVERSED": ("reversed",),
    "BETWEEN": ("between",),
    "EXISTS": ("exists",),
    "IS_MISSING": ("is missing",),
    "CONTAINS": ("contains",),
    "STARTS_WITH": ("starts with",),
    "ENDS_WITH": ("ends with",),
    "MATCHES": ("matches",),
    "IGNORING_CASE": ("ignoring case",),
    "IS_ONE_OF": ("is one of",),
    "INCLUDES": ("includes",),
    "IN_TOP": ("in top",),
    "IN_BOTTOM": ("in bottom",),
    "MEAN": ("mean",),
    "STD": ("std",),
    "MEDIAN": ("median",),
    "QUANTILE": ("quantile",),
    "AMONG": ("among",),
    "EVERYONE": ("everyone",),
    "IN_LAST": ("in last", "in the last", "within the last"),
    "TODAY": ("today",),
    "YESTERDAY": ("yesterday",),
    "THIS_WEEK": ("this week",),
    "THIS_MONTH": ("this month",),
    "THIS_YEAR": ("this year",),
    "SINCE": ("since",),
    "IN_PERIOD": ("in period",),
    "ANNIVERSARY_OF": ("anniversary of",),
    "IN_NEXT": ("in next", "in the next", "within the next"),
    "DISTANCE_TO": ("distance to",),
    "DISTANCE_FROM": ("distance from",),
    "TO": ("to",),
    "IN_POLYGON": ("within polygon", "in polygon"),
    "IN_CELL": ("in cell",),
    "THEN": ("then",),
    "WITHIN": ("within",),
    "ALL_WITHIN": ("all within",),
    "TRUE": ("true",),
    "FALSE": ("false",),
}

_KINDS: Final[Mapping[str, str]] = {
    "comparison": "a comparison (such as {})",
    "condition": "a condition (such as {})",
    "value": "a value ({})",
    "window": "a window ({})",
    "NAME": "a name",
    "NUMBER": "a number",
    "TEXT": 'a "text" in double quotes',
    "MONTH": "a month",
    "LENGTH_UNIT": '"km" or "m"',
    "$END": "the end of the rule",
}

ENGLISH: Final = Vocabulary(
    phrases=_PHRASES,
    patterns={"IN_MONTH": rf"in(?=\s+(?:{'|'.join(_MONTHS)})(?![\w.]))"},
    orders="""
        last_window: IN_LAST NUMBER UNIT
        next_days: IN_NEXT NUMBER UNIT
        month_window: IN_MONTH MONTH
        extreme: (IN_TOP | IN_BOTTOM) NUMBER PERCENT [among]
    """,
    units={
        "second": ("second", "seconds"),
        "minute": ("minute", "minutes"),
        "hour": ("hour", "hours"),
        "day": ("day", "days"),
        "week": ("week", "weeks"),
        "month": ("month", "months"),
        "year": ("year", "years"),
    },
    months=_MONTHS,
    templates={
        "in": "in",
        "of": "of",
        "last_window": "in last {count} {unit}",
        "sequence_window": "within the last {count} {unit}",
        "month_window": "in {month}",
        "next_days": "in next {count} {unit}",
        "top": "in top {percent}%",
        "bottom": "in bottom {percent}%",
    },
    explanations=explanations_of(
        _PHRASES,
        _KINDS,
        comparison=">= 3, between 2 and 5, exists, in top 5%",
        condition='country = "FR" or count of order_completed >= 3',
        value='a number, "text" in double quotes, true, false, or a date such as 2026-01-31',
        window='"in last 7 days", "today", "this month", "since 2026-01-31", "in December"',
        QUANTILE='"quantile 0.9"',
        SIGN='"+ 1 std" or "- 1 std"',
        UNIT='"seconds", "minutes", "hours", "days" or "weeks"',
        OUT_OF='"out of 5"',
        WITHIN='"within 1 day"',
        ALL_WITHIN='"all within 7 days"',
        IN_NEXT='"in next 7 days"',
    ),
)
