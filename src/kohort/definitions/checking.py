"""What `checks:` of a source declares: what must hold between the values that one row becomes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.fields import Fields
from kohort.definitions.values import MICRO, micros_of
from kohort.errors import DefinitionError, Place, did_you_mean, shorten

_ONE_CENT: Final = MICRO // 100
_FEWEST_DATES: Final = 2
_LONGEST_TOLERANCE: Final = 366 * DAY


@dataclass(frozen=True)
class DatesInOrder:
    """Each of the dates `values` is no earlier than the one before it, up to `tolerance` microseconds."""

    values: tuple[str, ...]
    tolerance: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The values that it looks at."""
        return self.values

    def __str__(self) -> str:
        return " ≤ ".join(self.values)


@dataclass(frozen=True)
class PostalTown:
    """A French town has the postal code beside it. With `country`, rows of another country are not judged."""

    postal_code: str
    town: str
    country: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The values that it looks at."""
        return (self.postal_code, self.town, *((self.country,) if self.country else ()))

    def __str__(self) -> str:
        return f"{self.postal_code} is of {self.town}"


@dataclass(frozen=True)
class TotalOfLines:
    """A total is the sum of `lines` without that of `less`, up to `tolerance` (micros).

    Each line is a product of values: most often of one.
    """

    total: str
    lines: tuple[tuple[str, ...], ...]
    less: tuple[tuple[str, ...], ...] = ()
    tolerance: int = _ONE_CENT

    @property
    def names(self) -> tuple[str, ...]:
        """The values that it looks at."""
        return (self.total, *(name for line in (*self.lines, *self.less) for name in line))

    def __str__(self) -> str:
        added, taken = ([" × ".join(line) for line in lines] for lines in (self.lines, self.less))
        return f"{self.total} = {' + '.join(added)}" + "".join(f" − {one}" for one in taken)


RowCheck = DatesInOrder | PostalTown | TotalOfLines
"""Every kind of check of one row."""


def row_checks_of(fields: Fields, known: Iterable[str]) -> tuple[RowCheck, ...]:
    """Read `checks:` of a source whose rows become the values `known`; no field is no check.

    Raises DefinitionError with the place of what is wrong, and the nearest known name.

    >>> fields = Fields({"checks": [{"in_order": ["birth", "first_order"]}]}, "sources/people.yaml")
    >>> [str(one) for one in row_checks_of(fields, ["birth", "first_order", "town"])]
    ['birth ≤ first_order']
    """
    names = tuple(known)
    return tuple(_check(one, names) for one in fields.items("checks"))


def _check(fields: Fields, known: tuple[str, ...]) -> RowCheck:
    given = [name for name in _KINDS if fields.value(name) is not None]
    if len(given) != 1:
        unknown = [name for name in fields.names() if name not in _EVERY_FIELD]
        if unknown:
            place, hint = fields.place(unknown[0]), did_you_mean(unknown[0], _EVERY_FIELD)
            raise DefinitionError(f'{place}: unknown field "{shorten(unknown[0])}"; {hint}')
        place = Place(fields.file, field=fields.path)
        raise DefinitionError(f"{place}: expected one check, by one of {', '.join(_KINDS)}; got {len(given)}")
    found = _KINDS[given[0]](fields)
    fields.refuse_unknown()
    for name in found.names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise DefinitionError(f'{fields.place(given[0])}: no row becomes "{shorten(name)}"; {hint}')
    return found


def _dates(fields: Fields) -> DatesInOrder:
    values = fields.texts("in_order")
    if len(values) < _FEWEST_DATES or len(set(values)) < len(values):
        raise fields.wrong("in_order", "two or more different dates, the earliest first", list(values))
    return DatesInOrder(values, fields.build("tolerance", _duration) if fields.value("tolerance") is not None else 0)


def _duration(text: str) -> int:
    length = parse_duration(text)
    if length > _LONGEST_TOLERANCE:
        raise ValueError("a tolerance is a year at most")
    return length


def _town(fields: Fields) -> PostalTown:
    return PostalTown(fields.text("postal_code"), fields.text("town"), fields.text("country", default=""))


def _total(fields: Fields) -> TotalOfLines:
    lines, less = _products(fields, "lines"), _products(fields, "less")
    if not lines:
        raise fields.wrong("lines", "the values that make the total, such as [goods, shipping]", fields.value("lines"))
    tolerance = fields.build("tolerance", micros_of) if fields.value("tolerance") is not None else _ONE_CENT
    if tolerance < 0:
        raise fields.wrong("tolerance", "an amount of zero or more", fields.value("tolerance"))
    return TotalOfLines(fields.text("total"), lines, less, tolerance)


def _products(fields: Fields, name: str) -> tuple[tuple[str, ...], ...]:
    """Return a list of values, each of which may be a list of values that are multiplied."""
    given = fields.value(name)
    if given is None:
        return ()
    products = []
    for one in given if isinstance(given, list) else [given]:
        factors = one if isinstance(one, list) else [one]
        if not factors or not all(isinstance(factor, str) and factor for factor in factors):
            raise fields.wrong(
                name, "values, or lists of values that are multiplied: [[price, quantity], shipping]", given
            )
        products.append(tuple(factors))
    return tuple(products)


_KINDS: Final[Mapping[str, Callable[[Fields], RowCheck]]] = {"in_order": _dates, "postal_code": _town, "total": _total}
_EVERY_FIELD: Final = (*_KINDS, "town", "country", "lines", "less", "tolerance")
