"""Segments of mixed shapes over the made-up shop, as sentences of the rule language, the same at every run."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from workload.population import CATEGORIES, COUNTRIES, NAMES, PLANS, VALUED

SEED = 3
T = TypeVar("T")

_DAYS = (1, 3, 7, 14, 30, 60, 90, 180)
_DAYS_SHARES = (0.05, 0.05, 0.2, 0.1, 0.25, 0.1, 0.15, 0.1)
_FUNNELS = (
    ("product_viewed", "cart_added", "purchased"),
    ("cart_added", "checkout_started", "purchased"),
    ("searched", "product_viewed", "cart_added"),
    ("checkout_started", "purchased", "refunded"),
)


def segments(count: int) -> dict[str, str]:
    """Return `count` segments by name; a greater count begins with those of a smaller one."""
    draw = _Draw(np.random.default_rng(SEED))
    return {f"segment {number:04}": draw.segment() for number in range(count)}


class _Draw:
    """Draws sentences of one to four conditions."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        shares = 1 / np.arange(1, len(NAMES) + 1) ** 0.7
        self._name_shares = shares / shares.sum()
        self._kinds: list[tuple[float, Callable[[], str]]] = [
            (0.46, self._count),
            (0.06, self._count_of_category),
            (0.12, self._sum),
            (0.04, self._against_mean),
            (0.03, self._top),
            (0.05, self._funnel),
            (0.10, self._recency),
            (0.14, self._trait),
        ]

    def segment(self) -> str:
        leaves = [self._leaf() for _ in range(self._one_of((1, 2, 3, 4), (0.15, 0.35, 0.3, 0.2)))]
        if len(leaves) >= 3 and self._random.random() < 0.4:
            leaves[:2] = [f"({leaves[0]} or {leaves[1]})"]
        return (" and " if self._random.random() < 0.85 else " or ").join(leaves)

    def _leaf(self) -> str:
        shares, makers = zip(*self._kinds, strict=True)
        leaf = makers[self._random.choice(len(makers), p=shares)]()
        return f"not {leaf}" if self._random.random() < 0.12 else leaf

    def _count(self) -> str:
        return f"count of {self._name()} {self._window()} >= {self._one_of((1, 2, 3, 5, 10))}"

    def _count_of_category(self) -> str:
        where = f'where category = "{self._one_of(CATEGORIES[:4])}"'
        return f"count of {self._name()} {where} {self._window()} >= {self._one_of((1, 2))}"

    def _sum(self) -> str:
        return f"{self._total(self._window())} >= {self._one_of((50, 200, 500, 1_000))}"

    def _against_mean(self) -> str:
        return f"{self._total(self._long_window())} > mean + {self._one_of((1, 2))} std"

    def _top(self) -> str:
        return f"{self._total(self._long_window())} in top {self._one_of((1, 5, 10))}%"

    def _funnel(self) -> str:
        first, second, never = self._one_of(_FUNNELS)
        begin = f"did {first} within the last {self._one_of((7, 30))} days"
        return f"{begin} then {second} within 1 day then not {never} within 1 day"

    def _recency(self) -> str:
        name = self._one_of(("purchased", "purchased", "logged_in", "page_viewed"))
        return f"days since last {name} {self._one_of(('<', '>'))} {self._one_of((7, 14, 30, 60, 90))}"

    def _trait(self) -> str:
        match self._one_of(("country", "plan", "age", "opted_in"), (0.5, 0.25, 0.15, 0.1)):
            case "country":
                return f'country = "{self._one_of(COUNTRIES)}"'
            case "plan":
                return f'plan = "{self._one_of(PLANS)}"'
            case "age":
                return f"age >= {self._one_of((18, 25, 35, 50, 65))}"
            case _:
                return "opted_in = true"

    def _total(self, window: str) -> str:
        return f"sum of {self._one_of(VALUED)}.total {window}"

    def _name(self) -> str:
        return self._one_of(NAMES, self._name_shares)

    def _window(self) -> str:
        return f"in last {self._one_of(_DAYS, _DAYS_SHARES)} days"

    def _long_window(self) -> str:
        return f"in last {self._one_of((30, 90, 180))} days"

    def _one_of(self, choices: Sequence[T], shares: ArrayLike | None = None) -> T:
        return choices[self._random.choice(len(choices), p=shares)]
