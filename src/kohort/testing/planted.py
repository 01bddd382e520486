"""Data with errors planted in them, whose places are known: what checks of the data are measured on."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import DAY, HOUR, WEEK
from kohort.definitions.values import MICRO
from kohort.places.communes import commune_names
from kohort.quality.cross_checks.orders import History
from kohort.quality.cross_checks.silence import HOURS_BACK, Occurrences

END: Final = 10 * WEEK
"""The moment at which made-up histories end."""
NAMES: Final = ("cart_viewed", "order_completed", "page_viewed")
"""The events of a made-up shop."""
_YEAR: Final = 365 * DAY
_DIGITS: Final = 5
_SLIPS: Final = 0.02


@dataclass(frozen=True, eq=False)
class Planted:
    """Rows by column, and in which of them an error was planted."""

    columns: Mapping[str, Sequence[object]]
    wrong: NDArray[np.bool_]


def planted_towns(seed: int, rows: int, share: float, error: str) -> Planted:
    """Return postal codes and towns, written as people do, with a share of errors of one kind.

    "another town" is one of anywhere in France, "another code" too; "a digit" of the code is mistyped, "two digits"
    stand in the wrong order.

    >>> planted = planted_towns(1, 100, 0.1, "another town")
    >>> int(planted.wrong.sum()), sorted(planted.columns)
    (10, ['code', 'town'])
    """
    communes = sorted(commune_names().items())
    names = defaultdict[str, set[str]](set)
    for name, own in communes:
        for code in own:
            names[code].add(name)
    codes, towns = list[str](), list[str]()
    chance, wrong = _chosen(seed, rows, share)
    for is_wrong in wrong:
        name, own = chance.choice(communes)
        code = chance.choice(own)
        if is_wrong and error == "another town":
            name = _unlike(lambda: chance.choice(communes)[0], names[code])
        elif is_wrong:
            code = _unlike(lambda: _mistaken(chance, code, communes, error), {code})  # noqa: B023 - called at once
        codes.append(code)
        towns.append(spelled(chance, name))
    return Planted({"code": codes, "town": towns}, wrong)


def spelled(chance: Random, name: str) -> str:
    """Return the name of a town in one of the ways in which people write it, now and then with a letter less.

    >>> [spelled(Random(seed), "Le Havre") for seed in (2, 4, 5)]
    ['LE HAVRE CEDEX', 'Le Havre', 'Havre (Le)']
    """
    if chance.random() < _SLIPS and len(name) > _DIGITS:
        place = chance.randrange(1, len(name) - 1)
        name = name[:place] + name[place + 1 :]
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    article, _, rest = name.partition(" ")
    ways = [
        name,
        name.upper(),
        plain,
        plain.upper().replace("-", " ").replace("'", " "),
        plain.replace("Sainte-", "Ste ").replace("Saint-", "St "),
        f"{rest} ({article})" if article in {"Le", "La", "Les"} else name.lower(),
        f"{plain.upper()} CEDEX",
    ]
    return chance.choice(ways)


def planted_dates(seed: int, rows: int, share: float, error: str) -> Planted:
    """Return dates of birth, first and last order; "swapped" are two of them, "century" is a birth a century late.

    >>> sorted(planted_dates(1, 10, 0.1, "swapped").columns)
    ['birth', 'first', 'last']
    """
    chance, wrong = _chosen(seed, rows, share)
    found: dict[str, list[object]] = {"birth": [], "first": [], "last": []}
    for is_wrong in wrong:
        first = chance.randrange(45 * _YEAR, 55 * _YEAR)
        dates = [first - chance.randrange(18 * _YEAR, 80 * _YEAR), first, first + int(chance.expovariate(1 / _YEAR))]
        if is_wrong and error == "swapped":
            place = chance.randrange(2)
            dates[place], dates[place + 1] = dates[place + 1] + DAY, dates[place]
        elif is_wrong:
            dates[0] += 100 * _YEAR
        for name, date in zip(found, dates, strict=True):
            found[name].append(date)
    return Planted(found, wrong)


def planted_totals(seed: int, rows: int, share: float, error: str) -> Planted:
    """Return totals of two lines and a discount, rounded to a cent; an error is "a digit", or "a line" that is lost.

    >>> sorted(planted_totals(1, 10, 0.1, "a line").columns)
    ['discount', 'goods', 'shipping', 'total']
    """
    chance, wrong = _chosen(seed, rows, share)
    found: dict[str, list[object]] = {"total": [], "goods": [], "shipping": [], "discount": []}
    for is_wrong in wrong:
        goods, shipping, discount = (round(chance.expovariate(1 / mean), 2) for mean in (60, 5, 4))
        total = round(goods + shipping - discount + chance.choice([-0.01, 0, 0, 0.01]), 2)
        if is_wrong and error == "a line":
            goods = round(goods - min(goods, max(1.0, chance.expovariate(1 / 20))), 2)
        elif is_wrong:
            digits = list(f"{total:.2f}")
            place = chance.choice([at for at, digit in enumerate(digits) if digit.isdecimal()])
            digits[place] = chance.choice([digit for digit in "0123456789" if digit != digits[place]])
            total = float("".join(digits))
        for name, number in zip(found, (total, goods, shipping, discount), strict=True):
            found[name].append(round(number * MICRO))
    return Planted(found, wrong)


def made_occurrences(random: np.random.Generator, a_day: float, kept: float = 1.0, hours: int = 24) -> Occurrences:
    """Return an event that comes `a_day` times, by day and night and weekday; of the last `hours` `kept` are left.

    >>> made_occurrences(np.random.default_rng(1), 50, kept=0).hourly[:24].sum()
    np.int64(0)
    """
    ages = np.arange(HOURS_BACK)
    rates = np.where(ages % 24 >= 16, 0.2, 1.0) * np.where(ages // 24 % 7 < 2, 0.6, 1.0)  # noqa: PLR2004 - night, weekend
    rates *= a_day / rates[: 7 * 24].sum() * 7
    hourly = np.asarray(random.negative_binomial(2 * rates, 2 / 3), np.int64)
    hourly[:hours] = random.binomial(hourly[:hours], kept)
    return Occurrences(hourly, 0, END)


def made_history(random: np.random.Generator, people: int, broken: float = 0.0, days: float = 3) -> History:
    """Return people who look at a page and order; 95 % have seen their cart, of those of the last `days` some have not.

    >>> made_history(np.random.default_rng(1), 10).names
    ('cart_viewed', 'order_completed', 'page_viewed')
    """
    ordered = random.integers(8 * DAY, END, people)
    tagged = random.random(people) < np.where(ordered > END - days * DAY, 0.95 * (1 - broken), 0.95)
    everybody = np.arange(people)
    rows = np.concatenate(
        [
            np.stack([everybody[tagged], ordered[tagged] - HOUR, np.zeros(int(tagged.sum()), np.int64)]),
            np.stack([everybody, ordered, np.ones(people, np.int64)]),
            np.stack([everybody, ordered - 2 * HOUR, np.full(people, 2)]),
        ],
        axis=1,
    )
    rows = rows[:, np.lexsort((rows[1], rows[0]))]
    return History(rows[0], rows[1], rows[2], NAMES)


def _chosen(seed: int, rows: int, share: float) -> tuple[Random, NDArray[np.bool_]]:
    """Return the chance that a seed begins, and in which rows there is an error."""
    chance = Random(seed)  # noqa: S311 - what is planted again must be the same
    wrong = np.zeros(rows, np.bool_)
    wrong[chance.sample(range(rows), round(rows * share))] = True
    return chance, wrong


def _mistaken(chance: Random, code: str, communes: Sequence[tuple[str, Sequence[str]]], error: str) -> str:
    place = chance.randrange(len(code) - 1)
    if error == "two digits" and len(set(code)) > 1:
        return code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if error == "another code":
        return chance.choice(chance.choice(communes)[1])
    return code[:place] + chance.choice("0123456789") + code[place + 1 :]


def _unlike(draw: Callable[[], str], avoided: Collection[str]) -> str:
    while (found := draw()) in avoided:
        pass
    return found
