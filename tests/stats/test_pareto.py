"""The Pareto front: no point of it is beaten, and none that is not beaten is missing."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from brute_force import beaten_by_none
from fuzzing import examples
from hypothesis import given, settings

from drkit.errors import ParameterError
from drkit.stats.pareto import lowest_of, on_frontier, on_frontier_of_groups

# Few values, so that ties and duplicates abound; infinity is what the loss of everything is.
FIGURES = st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0, 1e9, np.inf])
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(FIGURES, min_size=width, max_size=width), min_size=1, max_size=60)
)


@given(TABLES)
@settings(max_examples=examples(150), deadline=None)
def test_it_is_what_brute_force_finds(rows: list[list[float]]) -> None:
    points = np.array(rows)
    assert (on_frontier(points) == beaten_by_none(points)).all()


@given(TABLES)
@settings(max_examples=examples(60), deadline=None)
def test_it_is_the_same_where_the_groups_are_known(rows: list[list[float]]) -> None:
    points = np.array(rows)
    points[:, 0] = np.where(np.isinf(points[:, 0]), 4, points[:, 0])  # bills are finite
    rest, groups = np.unique(points[:, 1:], axis=0, return_inverse=True)
    assert (on_frontier_of_groups(points[:, 0], groups.reshape(-1), rest) == beaten_by_none(points)).all()


@pytest.mark.slow
@pytest.mark.parametrize("columns", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["spread", "ties", "opposed"])
def test_it_is_what_brute_force_finds_in_thousands_of_points(columns: int, kind: str) -> None:
    random = np.random.default_rng(columns)
    points = random.random((2_500 if kind != "opposed" else 800, columns))
    if kind == "ties":
        points = np.round(points, 1)
    elif kind == "opposed" and columns > 1:  # what is low in one column is high in another: nearly all are kept
        points[:, -1] = columns - points[:, :-1].sum(axis=1)
    front = on_frontier(points)
    assert (front == beaten_by_none(points)).all()
    assert front.any()


def test_equal_points_all_stay() -> None:
    points = [(2, 1), (1, 2), (2, 1), (3, 3), (2, 2)]
    assert on_frontier(points).tolist() == [True, True, True, False, False]


def test_infinite_figures_are_compared_as_such() -> None:
    points = [(1, np.inf), (2, np.inf), (3, 7.0)]
    assert on_frontier(points).tolist() == [True, False, True]


def test_no_points_have_no_front() -> None:
    assert on_frontier(np.empty((0, 3))).shape == (0,)


def test_the_lowest_of_a_group_without_points_is_infinite() -> None:
    assert lowest_of(np.array([3, 1, 2]), np.array([0, 0, 2]), 3).tolist() == [1, np.inf, 2]


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([1.0, 2.0], r"points have the shape \(2,\): give one row a point"),
        ([(1.0, np.nan)], "a point has a figure that is not a number"),
    ],
)
def test_what_is_no_table_of_figures_is_refused(points: object, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        on_frontier(points)  # type: ignore[arg-type]
