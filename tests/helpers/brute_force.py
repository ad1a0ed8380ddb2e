"""The Pareto front by comparing every point with every other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def beaten_by_none(points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Brute force: every point against every other."""
    return np.array(
        [not ((points <= one).all(axis=1) & (points < one).any(axis=1)).any() for one in points], dtype=bool
    )
