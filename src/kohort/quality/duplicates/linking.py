"""Probabilistic record linkage (Fellegi and Sunter 1969, JASA 64:1183), by splink, on DuckDB or Spark."""

import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kohort.errors import MissingExtraError, UsageError
from kohort.quality.duplicates.blocking import Blocking, rules_to_learn_from
from kohort.quality.duplicates.preparation import SOURCE

if TYPE_CHECKING:
    from splink import Linker

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

STRANGERS: Final = 1_000_000
"""Pairs drawn at random to learn how often strangers agree."""
_LEAST_WEIGHT: Final = -10.0  # bits, at the first guess of how many duplicates there are
_MOST_TO_LEARN_FROM: Final = 5_000_000
_TELLING: Final = ("given", "birth")
_CHUNKS: Final = 10
_ROUNDS: Final = 500
_SETTLED: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs that may be one person, the surer the first: record numbers, probabilities, and what speaks for each.

    `weights` are bits for a person by comparison (log₂ of the ratio of likelihoods). `kin` marks pairs
    with one surname whose given names, or birth dates, have nothing in common: twins, couples, father and son have all
    the rest in common, while the model weighs a pair against strangers.
    `prior` is the estimated probability that two records at random are one person's.
    """

    left: Integers
    right: Integers
    probability: Floats
    weights: dict[str, Floats]
    kin: npt.NDArray[np.bool_]
    prior: float

    def sure(self, threshold: float) -> npt.NDArray[np.bool_]:
        """Return which pairs are sure enough and of no family; shape (pairs,)."""
        return (self.probability >= threshold) & ~self.kin

    def with_families_joined(self) -> "Pairs":
        """Return the same pairs, none of which is marked as kin."""
        return replace(self, kin=np.zeros(len(self.kin), dtype=bool))


def link(table: pa.Table, blocking: Blocking, *, seed: int, api: Any = None) -> Pairs:
    """Return the pairs of a table as `prepared` gives it, those left out that are out of the question.

    How often strangers agree (u) is learned from pairs drawn with `seed`, how often duplicates do (m) by expectation
    maximisation, from the pairs of each rule that agree in something else. The share of duplicates is estimated from
    all pairs compared. `api` is splink's own for another database than DuckDB.

    Raises MissingExtraError without the extra `[people]`, UsageError if no rule gives pairs to compare.
    """
    if not blocking.rules:
        raise UsageError(
            "no two records agree in anything that could be compared; tell more columns with --fields, or allow more "
            "comparisons"
        )
    first_guess = 1 / table.num_rows
    with _quiet():
        linker = _linker(table, blocking, first_guess, api)
        # A little more than splink's own default, about which it would warn. A small table is looked at in one go.
        chunks = 1 if _possible(table) <= STRANGERS else _CHUNKS
        linker.training.estimate_u_using_random_sampling(max_pairs=STRANGERS + 1, seed=seed, num_chunks=chunks)
        for rule in rules_to_learn_from(table, _MOST_TO_LEARN_FROM):
            _learn(linker, rule)
        found = linker.inference.predict(threshold_match_weight=_LEAST_WEIGHT)
        rows: pa.Table = found.as_pyarrow_table()  # type: ignore[no-untyped-call]
        unlike_bits = _bits_of_nothing_in_common(linker)
    return _pairs(rows, table, first_guess, unlike_bits)


def settled_prior(bits: Floats, pairs: int, first: float) -> float:
    """Return the share of `pairs` that are one person's, given the `bits` for it of those compared, without a prior.

    Expectation maximisation with all but the share known: it is the mean of the probabilities that it leads to.

    >>> round(settled_prior(np.array([20.0, 20.0, -20.0]), 1_000, 0.5), 4)
    0.002
    """
    share = first
    for _ in range(_ROUNDS):
        before, share = share, float(_probability(bits, share).sum()) / pairs
        share = min(max(share, 1 / (pairs + 1)), 0.5)
        if abs(share - before) <= _SETTLED * share:
            break
    return share


def _probability(bits: Floats, prior: float) -> Floats:
    return np.asarray(1 / (1 + np.exp2(-np.clip(bits + math.log2(prior / (1 - prior)), -200, 200))))


def _linker(table: pa.Table, blocking: Blocking, prior: float, api: Any) -> "Linker":
    from splink import DuckDBAPI, Linker  # noqa: PLC0415 - an extra

    from kohort.quality.duplicates.comparisons import settings  # noqa: PLC0415 - needs the extra

    api = DuckDBAPI() if api is None else api
    made = settings(table.column_names, [rule.columns for rule in blocking.rules], prior)
    if SOURCE not in table.column_names:
        return Linker(api.register(table), made, log_level=None, validate_settings=False)
    sources = sorted(set(table[SOURCE].to_pylist()))
    parts = [table.filter(pc.equal(table[SOURCE], one)).drop_columns([SOURCE]) for one in sources]
    return Linker(
        [api.register(part, dataset_display_name=f"table_{one}") for part, one in zip(parts, sources, strict=True)],
        made,
        log_level=None,
        validate_settings=False,
    )


def _learn(linker: "Linker", rule: Sequence[str]) -> None:
    from splink import block_on  # noqa: PLC0415 - an extra
    from splink.internals.exceptions import EMTrainingException  # noqa: PLC0415

    try:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), estimate_without_term_frequencies=True
        )
    except EMTrainingException:
        logging.getLogger(__name__).info("nothing can be learned from pairs that agree in %s", rule)


def _pairs(rows: pa.Table, table: pa.Table, first_guess: float, unlike_bits: Mapping[str, float]) -> Pairs:
    left, right = (rows[f"record_{side}"].to_numpy().astype(np.int64) for side in "lr")
    order = np.lexsort((np.maximum(left, right), np.minimum(left, right)))
    left, right = np.minimum(left, right)[order], np.maximum(left, right)[order]
    bits = rows["match_weight"].to_numpy().astype(np.float64)[order] - math.log2(first_guess / (1 - first_guess))
    prior = settled_prior(bits, _possible(table), first_guess)
    probability = _probability(bits, prior)
    weights: dict[str, Floats] = {}
    for name in (one for one in rows.column_names if one.startswith("mw_")):
        of = name.removeprefix("mw_").removeprefix("tf_adj_").removeprefix("of_")
        found = rows[name].to_numpy()[order].astype(np.float64)
        weights[of] = weights.get(of, np.zeros(len(left))) + found
    known = (
        table["surname"].is_valid().to_numpy() if "surname" in table.column_names else np.zeros(table.num_rows, bool)
    )
    kin = _kin(weights, unlike_bits, known[left] & known[right])
    surest = np.argsort(-probability, kind="stable")
    return Pairs(
        left[surest], right[surest], probability[surest],
        {name: one[surest] for name, one in weights.items()}, kin[surest], prior,
    )  # fmt: skip


def _kin(weights: Mapping[str, Floats], unlike_bits: Mapping[str, float], known: Flags) -> Flags:
    """Return which pairs share a surname, and have nothing in common in what tells a family's people apart.

    `known` says which pairs have both a surname.
    """
    unlike = {
        name: np.isclose(weights[name], unlike_bits[name], rtol=0, atol=_SETTLED)
        for name in ("surname", *_TELLING)
        if name in weights
    }
    told = [unlike[name] for name in _TELLING if name in unlike]
    if "surname" not in unlike or not told:
        return np.zeros(len(known), dtype=bool)
    return np.asarray(known & ~unlike["surname"] & np.logical_or.reduce(told))


def _possible(table: pa.Table) -> int:
    """Return how many pairs there are at all."""
    rows = int(table.num_rows)
    if SOURCE not in table.column_names:
        return rows * (rows - 1) // 2
    sizes = Counter(table[SOURCE].to_pylist()).values()
    return (rows * rows - sum(size * size for size in sizes)) // 2


def _bits_of_nothing_in_common(linker: "Linker") -> dict[str, float]:
    """Return the bits that the model gives a pair which has nothing in common in a comparison: its last level."""
    found = {}
    for comparison in linker.misc.save_model_to_json()["comparisons"]:
        level = comparison["comparison_levels"][-1]
        name = comparison["output_column_name"].removeprefix("of_")
        found[name] = math.log2(level["m_probability"] / level["u_probability"])
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what splink says while it works to itself: what matters is told in the result."""
    try:
        import splink  # noqa: F401, PLC0415 - an extra, which sets its logger up when it is imported
    except ImportError as error:
        raise MissingExtraError("people", "looking for duplicates") from error
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
