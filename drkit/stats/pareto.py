"""Pareto front: the points that no other beats, of a million as of a hundred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from drkit.errors import ParameterError

if TYPE_CHECKING:
    import numpy.typing as npt

    Points = npt.NDArray[np.floating]
    Mask = npt.NDArray[np.bool_]

#: Points that are compared with each other at once; the arrays stay in the processor's cache.
_BLOCK = 512
#: Points that sort out most of the others before anything is sorted.
_SCOUTS = 24


def on_frontier(points: npt.ArrayLike) -> Mask:
    """Which points no other point beats: as low in every column and lower in one.

    Parameters
    ----------
    points
        Shape ``(points, columns)``; every column is minimised. Ties are all kept.
        Infinite values are compared as such.

    Returns
    -------
    array of bool
        Shape ``(points,)``.

    Raises
    ------
    ParameterError
        When a value is not a number, or the points are no table.

    Notes
    -----
    Points that share all columns but the first are represented by the lowest of them (many topologies recover alike
    and differ by cost). The rest are sorted, so that no point is beaten by a later one, and each block is compared with
    the front so far: sort-filter-skyline (Chomicki et al., Skyline with Presorting, ICDE 2003). Time grows with points
    x front.
    """
    table = np.asarray(points, dtype=np.float64)
    if table.ndim != 2 or not table.shape[1]:
        raise ParameterError(f"points have the shape {table.shape}: give one row a point and one column a figure")
    if np.isnan(table).any():
        raise ParameterError("a point has a figure that is not a number: leave it out, or give it as infinite")
    if not len(table):
        return np.zeros(0, dtype=bool)
    group, leaders = _leaders(table)
    on_front = np.zeros(len(leaders), dtype=bool)
    on_front[_sorted_front(leaders)] = True
    front: Mask = on_front[group] & (table[:, 0] == leaders[group, 0])
    return front


def on_frontier_of_groups(values: npt.NDArray[np.number], groups: npt.NDArray[np.integer], rest: npt.ArrayLike) -> Mask:
    """The same front, where the points come in groups that differ in one column only.

    Parameters
    ----------
    values
        The column in which points of a group differ, shape ``(points,)``.
    groups
        Group of each point, from 0.
    rest
        The other columns by group, shape ``(groups, columns)``.
    """
    columns = np.asarray(rest, dtype=np.float64)
    lowest = lowest_of(values, groups, len(columns))
    occupied = np.flatnonzero(np.isfinite(lowest))
    on_front = np.zeros(len(columns), dtype=bool)
    on_front[occupied] = on_frontier(np.column_stack([lowest[occupied], columns[occupied]]))
    front: Mask = on_front[groups] & (values == lowest[groups])
    return front


def lowest_of(values: npt.NDArray[np.number], groups: npt.NDArray[np.integer], count: int) -> Points:
    """Lowest value of each group, infinite for one without points; shape ``(count,)``."""
    lowest = np.full(count, np.inf)
    np.minimum.at(lowest, groups, values.astype(np.float64, copy=False))
    return lowest


def _leaders(table: Points) -> tuple[npt.NDArray[np.intp], Points]:
    """Group of each point, and the best point of each group of points that share all columns but the first."""
    group = np.zeros(len(table), dtype=np.intp)
    for column in table.T[1:]:
        values, codes = np.unique(column, return_inverse=True)
        if len(values) * (int(group.max()) + 1) > 2**62:
            _, group = np.unique(group, return_inverse=True)
        group = group * len(values) + codes
    _, first, group = np.unique(group, return_index=True, return_inverse=True)
    leaders = table[first]
    leaders[:, 0] = lowest_of(table[:, 0], group, len(first))
    return group, leaders


def _sorted_front(table: Points) -> npt.NDArray[np.intp]:
    """Positions of the front among points that all differ."""
    positions = _without_beaten(table)
    # Of two points the one that beats the other has the lower columns, so it comes first.
    positions = positions[np.lexsort(table[positions].T[::-1])]
    front = np.empty((0, table.shape[1]))
    on_front: list[npt.NDArray[np.intp]] = []
    for start in range(0, len(positions), _BLOCK):
        places = positions[start : start + _BLOCK]
        block = table[places]
        for against in range(0, len(front), _BLOCK):
            stays = ~_beaten(block, front[against : against + _BLOCK])
            places, block = places[stays], block[stays]
            if not len(places):
                break
        if len(places):
            stays = ~_beaten(block, block)
            front = np.concatenate([front, block[stays]])
            on_front.append(places[stays])
    return np.concatenate(on_front)


def _without_beaten(table: Points) -> npt.NDArray[np.intp]:
    """Positions of the points that a few good ones leave over."""
    positions = np.arange(len(table))
    if len(table) <= 4 * _BLOCK:
        return positions
    ranks = np.zeros(len(table))
    for column in table.T:
        finite = np.where(np.isfinite(column), column, np.nan)
        low, high = np.nanmin(finite, initial=np.inf), np.nanmax(finite, initial=-np.inf)
        ranks += np.nan_to_num((finite - low) / (high - low), nan=1.0) if high > low else 0.0
    for scout in np.argpartition(ranks, _SCOUTS)[:_SCOUTS]:
        positions = positions[~_beaten(table[positions], table[scout : scout + 1])]
    return positions


def _beaten(points: Points, by: Points) -> Mask:
    """Which of the points some of the others beat, shape ``(points,)``."""
    not_above = np.ones((len(points), len(by)), dtype=bool)
    below = np.zeros_like(not_above)
    for column, other in zip(points.T, by.T, strict=True):
        not_above &= other <= column[:, None]
        below |= other < column[:, None]
    not_above &= below
    beaten: Mask = np.logical_or.reduce(not_above, axis=1)
    return beaten
