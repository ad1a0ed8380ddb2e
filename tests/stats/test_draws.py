"""Draws: distributions against closed forms, sums of chains and maxima of parallel steps against exact ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fuzzing import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from drkit.facts.assumptions import Figure
from drkit.recovery.model import Step, finish
from drkit.stats.draws import Draws, Pinned, Traced, drawn, gamma_quantile, quantile_of, spread, triangular
from drkit.stats.quantiles import probability_error, spread_of
from drkit.stats.quantity import Quantity

N = 100_000


def _figure(low: float, typical: float, high: float, distribution: str = "triangular") -> Figure:
    return Figure("figure", "s", low, typical, high, distribution, "", "", "", "assumption")


def _variance(low: float, mode: float, high: float) -> float:
    return (low**2 + mode**2 + high**2 - low * mode - low * high - mode * high) / 18


@pytest.mark.parametrize(("low", "mode", "high"), [(0, 60, 300), (60, 120, 300), (0, 0, 10), (5, 10, 10), (1, 2, 3)])
def test_triangular_draws_have_the_triangular_distribution(low: float, mode: float, high: float) -> None:
    values = triangular(Quantity(low=low, typical=mode, high=high), np.random.default_rng(3), N)
    exact = stats.triang((mode - low) / (high - low), low, high - low)
    # Kolmogorov's distance is below 1.63 / sqrt(n) in 99 of 100 samples
    assert stats.kstest(values, exact.cdf).statistic < 1.63 / math.sqrt(N)
    assert low <= values.min() <= values.max() <= high


def test_lognormal_draws_have_typical_as_median_and_high_as_the_999th_of_a_thousand() -> None:
    figure = _figure(0, 60, 14_400, "lognormal")
    values = drawn(np.random.default_rng(3), N, figure)
    assert stats.kstest(np.log(values), stats.norm(math.log(60), spread(figure)).cdf).statistic < 1.63 / math.sqrt(N)
    assert stats.norm.cdf(math.log(14_400), math.log(60), spread(figure)) == pytest.approx(0.999)


def test_rates_have_the_gamma_distribution() -> None:
    values = Draws(1, N).gamma("rate", 8.5, 15.9)
    assert stats.kstest(values, stats.gamma(8.5, scale=1 / 15.9).cdf).statistic < 1.63 / math.sqrt(N)


@pytest.mark.parametrize(
    ("seed", "name", "figure"),
    [
        (2, "figure", _figure(60, 120, 300)),
        (1, "other", _figure(60, 120, 300)),
        (1, "figure", _figure(60, 120, 301)),
        (1, "figure", _figure(60, 120, 300, "lognormal")),
        (1, "figure", Quantity(low=0, typical=120, high=300)),
    ],
)
def test_draws_that_are_kept_are_those_of_the_same_seed_name_and_figure(
    seed: int, name: str, figure: Figure | Quantity
) -> None:
    first = Draws(1, 1000).known("figure", _figure(60, 120, 300))
    np.testing.assert_array_equal(Draws(1, 1000).known("figure", _figure(60, 120, 300)), first)
    assert not np.array_equal(Draws(seed, 1000).known(name, figure), first)


def test_nobody_can_write_to_draws_that_others_share() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Draws(1, 1000).known("figure", _figure(60, 120, 300))[0] = 0


def test_quantile_functions_are_those_of_scipy() -> None:
    u = np.array([0.01, 0.05, 0.5, 0.9, 0.999])
    assert quantile_of(_figure(60, 120, 300), u) == pytest.approx(stats.triang(0.25, 60, 240).ppf(u))
    logs = stats.lognorm(spread(_figure(0, 15, 900)), scale=15)
    assert quantile_of(_figure(0, 15, 900, "lognormal"), u) == pytest.approx(logs.ppf(u))
    assert gamma_quantile(8.5, 15.9, u) == pytest.approx(stats.gamma(8.5, scale=1 / 15.9).ppf(u))
    assert list(quantile_of(_figure(7, 7, 7), u)) == [7] * 5


def test_a_chain_has_the_sum_of_the_means_and_of_the_variances() -> None:
    parts = [(0.0, 60.0, 300.0), (60.0, 120.0, 300.0), (300.0, 600.0, 1800.0)]
    draws = Draws(5, N)
    names = ["a", "b", "c"]
    steps = [
        Step(name, tuple(names[at - 1 : at]) if at else (), draws.known(name, _figure(*part)))
        for at, (name, part) in enumerate(zip(names, parts, strict=True))
    ]
    end = finish(steps)["c"]
    # 120 + 160 + 900
    mean, variance = 1180.0, sum(_variance(*part) for part in parts)
    assert end.mean(dtype=float) == pytest.approx(mean, abs=4 * math.sqrt(variance / N))
    assert end.var(dtype=float) == pytest.approx(variance, rel=0.02)


def test_two_steps_in_a_chain_have_the_exact_distribution_of_their_sum() -> None:
    draws = Draws(5, N)
    ends = finish([Step("a", (), draws.uniform("a")), Step("b", ("a",), draws.uniform("b"))])
    # two uniform times add up to a triangular one from 0 over 1 to 2
    assert stats.kstest(ends["b"], stats.triang(0.5, 0, 2).cdf).statistic < 1.63 / math.sqrt(N)


def test_parallel_steps_have_the_exact_distribution_of_their_maximum() -> None:
    draws = Draws(5, N)
    parts = {"a": (0.0, 60.0, 300.0), "b": (60.0, 120.0, 300.0), "c": (30.0, 90.0, 400.0)}
    steps = [Step(name, (), draws.known(name, _figure(*part))) for name, part in parts.items()]
    end = finish([*steps, Step("last", tuple(parts), np.zeros(N))])["last"]

    def exact(t: np.ndarray) -> np.ndarray:
        each = [stats.triang((m - low) / (high - low), low, high - low).cdf(t) for low, m, high in parts.values()]
        return np.prod(each, axis=0)

    assert stats.kstest(end, exact).statistic < 1.63 / math.sqrt(N)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=3, max_size=3), st.floats(0, 1e5), st.integers(0, 2))
def test_raising_any_figure_never_lowers_a_draw(values: list[float], more: float, which: int) -> None:
    low, mode, high = sorted(values)
    raised = sorted([low, mode, high])
    raised[which] += more
    raised = [raised[0], max(raised[:2]), max(raised)]
    before = triangular(Quantity(low=low, typical=mode, high=high), np.random.default_rng(1), 500)
    after = triangular(Quantity(low=raised[0], typical=raised[1], high=raised[2]), np.random.default_rng(1), 500)
    if (low < high) and (raised[0] < raised[2]):
        assert (after >= before - 1e-6 * (1 + np.abs(before))).all()


def test_a_figure_has_the_same_draws_in_whatever_order_it_is_asked_for() -> None:
    one, two = Draws(7, 100), Draws(7, 100)
    figure = _figure(0, 1, 5)
    a = one.known("a", figure)
    one.uniform("b")
    two.uniform("b")
    assert (two.known("a", figure) == a).all()
    assert one.known("a", figure) is a
    assert (Draws(8, 100).known("a", figure) != a).any()


def test_pinned_draws_give_one_figure_and_share_the_others() -> None:
    base = Draws(1, 10)
    pinned = Pinned(base, {"a": 3.5, "rate": 0.25})
    assert set(pinned.known("a", _figure(0, 1, 2))) == {3.5}
    assert set(pinned.gamma("rate", 2, 3)) == {0.25}
    assert pinned.known("b", _figure(0, 1, 2)) is base.known("b", _figure(0, 1, 2))


def test_traced_draws_are_quantiles_of_the_design_and_medians_elsewhere() -> None:
    traced = Traced({"a": np.array([0.0, 0.5, 1.0])}, 3)
    assert list(traced.known("a", _figure(0, 1, 2))) == [0, 1, 2]
    assert list(traced.known("b", _figure(0, 5, 10))) == [5, 5, 5]
    assert set(traced.met) == {"a", "b"}


def test_memory_grows_with_figures_and_not_with_topologies() -> None:
    draws = Draws(1, 1000)
    first = draws.known("a", _figure(0, 1, 2))
    assert all(draws.known("a", _figure(0, 1, 2)) is first for _ in range(50))
    assert first.nbytes == 4000


# Quantiles and their error ------------------------------------------------------------------------------------------


def test_a_spread_by_hand() -> None:
    values = np.arange(1, 102, dtype=np.float32)  # 1 to 101
    found = spread_of(values, objective=75, probability=0.9)
    assert (found.p05, found.p50, found.p95, found.asked, found.p99) == (6, 51, 96, 91, 100)
    assert found.mean == 51
    assert found.standard_deviation == pytest.approx(math.sqrt((101**2 - 1) / 12))
    assert found.p_meets == pytest.approx(75 / 101)
    # ranks 51 ± ceil(1.96 sqrt(101 / 4)) = ± 10
    assert found.p50_error == 10


def test_infinite_losses_count_as_what_they_are_given_for() -> None:
    found = spread_of(np.array([1, 2, np.inf, np.inf], dtype=np.float32), objective=5, at_most=100.0)
    assert found.p95 == found.p99 == math.inf
    assert found.p_meets == 0.5
    assert found.mean == pytest.approx((1 + 2 + 200) / 4)
    assert spread_of(np.full(9, np.inf, dtype=np.float32), at_most=7.0).mean == 7


def test_the_stated_errors_hold_as_often_as_they_say() -> None:
    # 400 simulations of 2,000 draws: 95 % intervals hold in 380 ± 13 of them (three standard errors)
    rng = np.random.default_rng(11)
    exact = {level: stats.triang(0.25, 60, 240).ppf(level) for level in (0.5, 0.95)}
    share = stats.triang(0.25, 60, 240).cdf(250)
    held = np.zeros(3)
    for _ in range(400):
        values = triangular(Quantity(low=60, typical=120, high=300), rng, 2000)
        found = spread_of(values, objective=250)
        held += (
            abs(found.p50 - exact[0.5]) <= found.p50_error,
            abs(found.p95 - exact[0.95]) <= found.p95_error,
            abs(found.p_meets - share) <= found.p_error,
        )
    assert (held >= 0.9 * 400).all()


def test_a_probability_that_never_failed_is_still_uncertain() -> None:
    # with no failure in 1,000 draws the rule of three gives 0.003; half of such an interval is 0.002
    assert probability_error(1.0, 1000) == pytest.approx(0.0027, abs=0.0008)
