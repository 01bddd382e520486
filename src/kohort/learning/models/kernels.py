"""The loops that score, compiled.

Each person by themselves in one fixed order, so that one alone gets what a crowd gets.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from kohort.engines.kernel.numba_kernels import compiled
from kohort.learning.models.arrays import Floats, Integers

_AT_ONCE = 512
"""People who go through one tree before the next is read: their features and the tree stay in the nearest cache."""
_ABREAST = 4
"""People who go down a tree side by side, so that the processor need not wait for one node at a time."""


def _child(node: Any, x: float) -> int:
    """Return the place of the child of `node` to which whoever has `x` goes."""
    if x <= node.cut:
        return int(node.left)
    return int(node.right) if x > node.cut else int(node.missing)


_next = compiled(_child, inline=True)


def _add_trees(values: Floats, nodes: npt.NDArray[Any], roots: Integers, totals: npt.NDArray[Any]) -> None:
    """Add to `totals`, shape (people,), in its own precision, what each tree says of `values`, (people, columns)."""
    people = len(values)
    at = np.empty(_ABREAST, dtype=np.int64)
    for begin in range(0, people, _AT_ONCE):
        end = min(begin + _AT_ONCE, people)
        for root in roots:
            for first in range(begin, end, _ABREAST):
                abreast = min(_ABREAST, end - first)
                at[:abreast] = root
                going = True
                while going:
                    going = False
                    for place in range(abreast):
                        node = nodes[at[place]]
                        if node.feature >= 0:
                            going = True
                            at[place] = _next(node, values[first + place, node.feature])
                for place in range(abreast):
                    totals[first + place] += nodes[at[place]].cut


def _linear(values: Floats, weights: Floats, intercept: float) -> Floats:
    """Return the sums of a linear model, shape (people,)."""
    people, columns = values.shape
    margins = np.empty(people)
    for row in range(people):
        total = intercept
        for column in range(columns):
            total += values[row, column] * weights[column]
        margins[row] = total
    return margins


def _kernel(values: Floats, vectors: Floats, weights: Floats, intercept: float, gamma: float) -> Floats:
    """Return the margins of a support vector machine, shape (people,); `vectors` is (columns, vectors)."""
    people, columns = values.shape
    count = len(weights)
    margins = np.empty(people)
    far = np.empty(count)
    for row in range(people):
        far[:] = 0.0
        for column in range(columns):
            for one in range(count):
                apart = values[row, column] - vectors[column, one]
                far[one] += apart * apart
        total = 0.0
        for one in range(count):
            total += weights[one] * math.exp(-gamma * far[one])
        margins[row] = total + intercept
    return margins


def _layer(values: Floats, weights: Floats, offsets: Floats) -> Floats:
    """Return the sums of a layer of neurons, shape (people, neurons)."""
    people, inputs = values.shape
    neurons = len(offsets)
    sums = np.zeros((people, neurons))
    for row in range(people):
        for one in range(inputs):
            x = values[row, one]
            for neuron in range(neurons):
                sums[row, neuron] += x * weights[one, neuron]
        for neuron in range(neurons):
            sums[row, neuron] += offsets[neuron]
    return sums


add_trees = compiled(_add_trees)
linear_margins = compiled(_linear)
kernel_margins = compiled(_kernel)
layer_sums = compiled(_layer)
