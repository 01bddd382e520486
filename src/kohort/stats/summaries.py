"""What is known of many values once they are not there any more: how many, their mean, their variance."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_FEWEST = 2


@dataclass(frozen=True)
class Summary:
    """The size, mean and sample variance (ddof = 1; 0 below two values) of a group's values."""

    size: int
    mean: float
    variance: float

    @staticmethod
    def of(values: npt.NDArray[np.float64]) -> "Summary":
        """Return the summary of `values`, shape (n,), finite; of none, all is 0.

        >>> Summary.of(np.array([1.0, 2.0, 3.0]))
        Summary(size=3, mean=2.0, variance=1.0)
        """
        if not values.size:
            return Summary(0, 0.0, 0.0)
        variance = float(values.var(ddof=1)) if values.size >= _FEWEST else 0.0
        return Summary(int(values.size), float(values.mean()), variance)
