"""From scaled columns to how far each cluster is, as steps of SQL: components, layers, centroids, densities.

Each step is a name and its columns by name, of expressions over the columns of the step before.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from sqlglot import expressions as exp

from kohort.errors import UsageError
from kohort.learning.clustering.methods.assigners import Assigner, Centroids, Mixture
from kohort.learning.clustering.nearest import weights_of
from kohort.learning.features.autoencoder import AutoEncoder
from kohort.learning.features.components import PrincipalComponents
from kohort.learning.sql import minus, number, total, weighted

Step = tuple[str, Mapping[str, exp.Expr]]

_SATURATED: Final = 20.0
"""Beyond this the hyperbolic tangent is 1 in double precision."""


def assigning_steps(
    reduction: PrincipalComponents | AutoEncoder | None, assigner: Assigner, columns: Sequence[str]
) -> Iterator[Step]:
    """Return the steps from scaled `columns` to a column a cluster, `d1` and so on: the least is the person's cluster.

    Of centroids it is the squared distance less what is the same for all, of a mixture minus the logarithm of weight
    times density. Raises UsageError for people who are assigned by their neighbours.
    """
    for step in _reducing(reduction, columns):
        columns = list(step[1])
        yield step
    yield from _comparing(assigner, columns)


def _reducing(reduction: PrincipalComponents | AutoEncoder | None, columns: Sequence[str]) -> Iterator[Step]:
    """Return the steps that bring scaled `columns` to components: one for principal components, one a layer."""
    if isinstance(reduction, PrincipalComponents):
        centred = [
            minus(exp.column(name), number(centre)) for name, centre in zip(columns, reduction.centre, strict=True)
        ]
        sums = [total(weighted((one.copy() for one in centred), loading)) for loading in reduction.loadings]
        yield "reduced", {f"r{place}": one for place, one in enumerate(sums, start=1)}
    elif reduction is not None:
        for depth, layer in enumerate(reduction.encoder, start=1):
            neurons = {}
            for place, offset in enumerate(layer.offsets):
                weights = [row[place] for row in layer.weights]
                inputs = weighted((exp.column(name) for name in columns), weights)
                neurons[f"h{depth}_{place + 1}"] = _tanh(total([number(offset), *inputs]))
            yield f"layer{depth}", neurons
            columns = list(neurons)


def _comparing(assigner: Assigner, columns: Sequence[str]) -> Iterator[Step]:
    """Return the steps that end with how far each cluster is."""
    if isinstance(assigner, Centroids):
        starts, weights = weights_of(np.array(assigner.centroids))
        sums = [
            total([number(start), *weighted((exp.column(name) for name in columns), row)])
            for start, row in zip(starts.tolist(), weights.tolist(), strict=True)
        ]
        yield "distances", {f"d{place}": one for place, one in enumerate(sums, start=1)}
    elif isinstance(assigner, Mixture):
        yield "projected", dict(_projected(assigner, columns))
        yield "distances", {f"d{place}": one for place, one in enumerate(_unlikely(assigner), start=1)}
    else:
        raise UsageError(
            f"these clusters are not written as SQL: people are assigned by the nearest of {len(assigner.points):,} "
            "known people, and which of two equally near ones that is no database decides alike. `kohort run` assigns "
            "them; for SQL discover with methods: [k_means] or [gaussian_mixture]"
        )


def _projected(mixture: Mixture, columns: Sequence[str]) -> Iterator[tuple[str, exp.Expr]]:
    """Return, for each component, the centred point times each column of its triangular root."""
    for place, (mean, root) in enumerate(zip(mixture.means, mixture.roots, strict=True), start=1):
        for column in range(len(columns)):
            rows = range(column + 1)
            centred = (minus(exp.column(columns[row]), number(mean[row])) for row in rows)
            yield f"p{place}_{column + 1}", total(weighted(centred, (root[row][column] for row in rows)))


def _unlikely(mixture: Mixture) -> Iterator[exp.Expr]:
    """Return minus log(weight · density) of each component."""
    for place, constant in enumerate(mixture.constants, start=1):
        names = (f"p{place}_{column}" for column in range(1, len(mixture.means[0]) + 1))
        squares = total(exp.Mul(this=exp.column(name), expression=exp.column(name)) for name in names)
        yield minus(exp.Div(this=exp.Paren(this=squares), expression=number(2.0)), number(constant))


def _tanh(value: exp.Expr) -> exp.Expr:
    """Return the hyperbolic tangent by the exponential, which every database has and which cannot overflow here."""
    clipped = exp.Least(
        this=exp.Greatest(this=value, expressions=[number(-_SATURATED)]), expressions=[number(_SATURATED)]
    )
    grown = exp.Exp(this=exp.Mul(this=number(2.0), expression=clipped))
    below = exp.Paren(this=exp.Add(this=grown, expression=number(1.0)))
    return exp.Sub(this=number(1.0), expression=exp.Div(this=number(2.0), expression=below))
