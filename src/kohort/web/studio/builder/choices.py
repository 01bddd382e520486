"""What can be chosen in a card, in words: English here, translated where it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kohort.definitions.values import ValueType
from kohort.web.studio.builder.suiting import TESTS
from kohort.web.studio.navigation import marked as _

Choices = tuple[tuple[str, str], ...]

KINDS: Final[tuple[tuple[str, Choices], ...]] = (
    (
        _("What somebody did"),
        (
            ("did", _("did")),
            ("sequence", _("did one thing after another")),
            ("count", _("number of")),
            ("sum", _("sum of")),
            ("mean", _("mean of")),
            ("min", _("minimum of")),
            ("max", _("maximum of")),
            ("distinct", _("different values of")),
            ("first", _("first value of")),
            ("last", _("last value of")),
            ("since_last", _("days since the last")),
            ("since_first", _("days since the first")),
        ),
    ),
    (
        _("Who somebody is"),
        (
            ("trait", _("trait or score")),
            ("segment", _("is in the segment")),
            ("consent", _("consents to")),
        ),
    ),
    (
        _("Where somebody is"),
        (
            ("near", _("is near a place")),
            ("polygon", _("is in a polygon")),
            ("cell", _("is in a cell of the grid H3")),
        ),
    ),
)
"""What a condition can speak of, by family."""
WHERE_KINDS: Final[tuple[tuple[str, Choices], ...]] = ((_("Of the event"), (("property", _("property")),)),)

_TEST_WORDS: Final[Mapping[str, str]] = {
    ">=": _("is at least"),
    "<=": _("is at most"),
    ">": _("is more than"),
    "<": _("is less than"),
    "=": _("is"),
    "!=": _("is not"),
    "between": _("is between"),
    "top": _("is in the top"),
    "bottom": _("is in the bottom"),
    "mean": _("compared with the mean"),
    "quantile": _("compared with a quantile"),
    "exists": _("is known"),
    "missing": _("is missing"),
    "one of": _("is one of"),
    "contains": _("contains"),
    "starts with": _("starts with"),
    "ends with": _("ends with"),
    "matches": _("matches the expression"),
    "anniversary": _("has its anniversary in the next"),
    "includes": _("includes"),
}
OPERATORS: Final[Choices] = tuple((one, _TEST_WORDS[one]) for one in (">", ">=", "<", "<=", "=", "!="))
DISTANCES: Final[Choices] = tuple((one, _TEST_WORDS[one]) for one in ("<", "<=", ">", ">="))
TYPES: Final[Choices] = (
    ("number", _("a number")),
    ("text", _("a text")),
    ("boolean", _("yes or no")),
    ("moment", _("a date")),
)
TYPE_NAMES: Final[Mapping[str, str]] = {
    ValueType.NUMBER: _("number"),
    ValueType.TEXT: _("text"),
    ValueType.BOOLEAN: _("yes or no"),
    ValueType.MOMENT: _("date"),
    ValueType.TEXT_LIST: _("list of texts"),
}
TOO_FEW: Final = _("Fewer people than the guard rail of %(limit)s.")
TOO_MANY: Final = _("A larger share of people than the guard rail of %(limit)s.")
BOOLEANS: Final[Choices] = (("true", _("yes")), ("false", _("no")))
UNITS: Final[Choices] = (
    ("day", _("days")),
    ("week", _("weeks")),
    ("hour", _("hours")),
    ("minute", _("minutes")),
    ("second", _("seconds")),
)
LENGTHS: Final[Choices] = (("km", _("km")), ("m", _("m")))
WINDOWS: Final[Choices] = (
    ("", _("ever")),
    ("last", _("in the last")),
    ("today", _("today")),
    ("yesterday", _("yesterday")),
    ("this week", _("this week")),
    ("this month", _("this month")),
    ("this year", _("this year")),
    ("since", _("since")),
    ("between", _("between two dates")),
    ("month", _("in the month of")),
    ("period", _("in the period")),
)
POPULATIONS: Final[Choices] = (
    ("", _("among those who have the value")),
    ("everyone", _("among everyone")),
    ("rule", _("among those who…")),
)
JOINS: Final[Choices] = (("all", _("all of these")), ("any", _("any of these")))


@dataclass(frozen=True)
class Tests:
    """What can be asked of a value of a type, the usual first; of one that is not known, all there is."""

    type: ValueType | None
    chosen: str

    @property
    def choices(self) -> Choices:
        """The tests with their words; one that was chosen and does not fit is among them."""
        fitting = tuple(_TEST_WORDS) if self.type is None else TESTS[self.type]
        others = (self.chosen,) if self.chosen in _TEST_WORDS and self.chosen not in fitting else ()
        return tuple((one, _TEST_WORDS[one]) for one in (*fitting, *others))
