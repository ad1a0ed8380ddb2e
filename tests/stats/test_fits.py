"""Rates and durations fitted from short histories: textbook posteriors, censoring, and coverage of the intervals."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from scipy import stats

from drkit.files.bundled import data_dir
from drkit.recovery.disruptions import durations, history, status_page
from drkit.stats.fits import fit_duration, fit_rate, normal_cdf

HISTORIES = 1000
KNOWN_H = [22, 4.85, 4.28, 1.4, 17.13, 6.87, 1, 3.8, 6.87, 14.53]


def _share(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


def test_a_rate_has_jeffreys_posterior() -> None:
    fit = fit_rate(8, 15.9)
    assert fit.mean == pytest.approx(8.5 / 15.9)
    # chi-squared with 17 degrees of freedom: 8.672 and 27.587
    assert fit.interval() == pytest.approx((8.672 / 2 / 15.9, 27.587 / 2 / 15.9), rel=1e-3)


@pytest.mark.parametrize(("events", "years"), [(-1, 1), (1, 0), (0, -2)])
def test_counts_and_exposure_that_cannot_be_are_refused(events: int, years: float) -> None:
    with pytest.raises(ValueError, match="give a count of at least 0"):
        fit_rate(events, years)


def test_intervals_of_a_rate_hold_in_nine_of_ten_histories() -> None:
    rng = np.random.default_rng(21)
    hits = []
    for _ in range(HISTORIES):
        rate = rng.uniform(0.2, 1.0)  # whatever it is, over the exposure of us-east-1
        low, high = fit_rate(int(rng.poisson(rate * 15.9)), 15.9).interval()
        hits.append(low <= rate <= high)
    assert 0.87 <= _share(hits) <= 0.93


@pytest.mark.slow
@pytest.mark.parametrize(("count", "censored"), [(10, False), (10, True), (25, True)])
def test_intervals_of_a_duration_hold_in_nine_of_ten_histories(count: int, censored: bool) -> None:
    rng = np.random.default_rng(22)
    location, spread = math.log(5.6), 0.95
    median, scale = [], []
    for _ in range(HISTORIES):
        hours = np.exp(rng.normal(location, spread, count))
        # an outage is watched until its end, or as long as somebody reports on it: one in five stays open
        seen = (
            np.exp(rng.normal(location + 0.84 * 1.41 * spread, spread, count)) if censored else np.full(count, np.inf)
        )
        fit = fit_duration(hours[hours <= seen], seen[hours > seen])
        low, high = fit.interval_of_median()
        median.append(low <= math.exp(location) <= high)
        low, high = fit.interval_of_spread()
        scale.append(low <= spread <= high)
    assert 0.87 <= _share(median) <= 0.93
    assert 0.87 <= _share(scale) <= 0.93


def test_without_censoring_the_posterior_is_the_textbooks() -> None:
    fit, logs = fit_duration(KNOWN_H), np.log(KNOWN_H)
    n, s = len(logs), logs.std(ddof=1)
    student = stats.t(n - 1)
    assert fit.median_h == pytest.approx(math.exp(logs.mean()))
    low, high = np.exp(logs.mean() + student.ppf([0.05, 0.95]) * s / math.sqrt(n))
    assert fit.interval_of_median() == pytest.approx((low, high), rel=0.01)
    u = np.array([0.01, 0.05, 0.5, 0.95, 0.99])
    assert fit.quantile(u) == pytest.approx(np.exp(logs.mean() + student.ppf(u) * s * math.sqrt(1 + 1 / n)), rel=0.01)


def test_a_censored_duration_is_used_as_longer_and_not_as_ended() -> None:
    plain = fit_duration(KNOWN_H)
    ended = fit_duration([*KNOWN_H, 100.0])
    open_ = fit_duration(KNOWN_H, [100.0])
    assert plain.median_h < ended.median_h < open_.median_h
    assert (open_.exact, open_.censored) == (10, 1)
    # the most likely values maximize the likelihood of exact and censored durations together
    logs = np.log(KNOWN_H)

    def likelihood(location: float, spread: float) -> float:
        norm = stats.norm(location, spread)
        return float(norm.logpdf(logs).sum() + norm.logsf(math.log(100)))

    best = likelihood(*open_.mode)
    for shift in (-0.02, 0.02):
        assert likelihood(open_.mode[0] + shift, open_.mode[1]) < best
        assert likelihood(open_.mode[0], open_.mode[1] + shift) < best


def test_a_bound_below_every_duration_changes_next_to_nothing() -> None:
    assert fit_duration(KNOWN_H, [0.01]).median_h == pytest.approx(fit_duration(KNOWN_H).median_h, rel=0.01)


@pytest.mark.parametrize("hours", [[], [4.0], [4.0, 4.0]])
def test_too_few_durations_are_refused(hours: list[float]) -> None:
    with pytest.raises(ValueError, match="at least two different durations"):
        fit_duration(hours, [4000.0])


def test_the_normal_distribution_is_good_to_a_millionth_in_both_tails() -> None:
    z = np.linspace(-8, 8, 400)
    assert normal_cdf(z) == pytest.approx(stats.norm.cdf(z), rel=1e-6)


# The history of data/ -----------------------------------------------------------------------------------------------


def test_impairments_of_the_history_are_the_ten_seen_to_their_end() -> None:
    fit = durations("region_impairment")
    assert (fit.exact, fit.censored) == (10, 0)
    assert fit.median_h == pytest.approx(math.exp(np.log(KNOWN_H).mean()))


def test_a_zone_that_was_out_for_more_than_80_hours_is_censored() -> None:
    fit = durations("az_failure")
    assert (fit.exact, fit.censored) == (2, 1)
    assert {row["duration_h"] for row in history() if row["known"] == "at_least"} >= {"80"}


def test_lost_regions_have_no_end_and_nothing_is_fitted_to_them() -> None:
    lost = [row for row in history() if row["disruption"] == "region_loss"]
    assert {row["known"] for row in lost} == {"at_least"}
    with pytest.raises(ValueError, match="observed to their end"):
        durations("region_loss")


def test_every_row_of_the_history_says_how_it_is_known() -> None:
    for name in ("durations.csv", "status_page.csv", "strategy_classes.csv"):
        with (data_dir() / "history" / name).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert all(row["source"] and row["as_of"] and row["basis"] for row in rows), name


def test_the_status_page_is_told_in_fitted_figures_only() -> None:
    page = status_page().set_index("region_group")
    assert set(page.index) == {"us-east-1", "other"}
    # 47 events in three years of us-east-1
    assert page.loc["us-east-1", "typical_per_year"] == pytest.approx(47.5 / 3, rel=1e-3)
    low, high = page.loc["us-east-1", "low_per_year"], page.loc["us-east-1", "high_per_year"]
    assert low < page.loc["us-east-1", "typical_per_year"] < high
