"""What an RTO is made of, by recoveries small enough to add up by hand and by those of the bundled workloads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest

from drkit.choice.comparison import Comparison
from drkit.recovery import composition as rto_parts
from drkit.recovery.composition import CONTROL_PLANES, REBUILD, StepChange, StoreChange, by_step, composition
from drkit.recovery.model import Step, Timed


def samples(*seconds: float) -> np.ndarray:
    return np.array(seconds, dtype=np.float32)


#: Detect, then promote the database beside the cache, then verify; in the second draw the cache takes longer.
STEPS = (
    Step("detect", (), samples(30, 30)),
    Step("promote_database", ("detect",), samples(100, 100)),
    Step("promote_cache", ("detect",), samples(60, 160)),
    Step("verify", ("promote_database", "promote_cache"), samples(10, 10)),
)


def timed(rto: np.ndarray, rebuilt: list[int] | None = None) -> Timed:
    lost = None if rebuilt is None else np.array(rebuilt, dtype=np.intp)
    return Timed(STEPS, rto, np.zeros_like(rto), {}, rebuilt=lost)


def test_in_each_draw_the_steps_on_the_critical_path_add_up_to_the_rto() -> None:
    parts = by_step(timed(samples(140, 200)))
    assert {name: list(seconds) for name, seconds in parts.items()} == {
        "detect": [30, 30],
        "promote_database": [100, 0],
        "promote_cache": [0, 160],
        "verify": [10, 10],
    }


def test_waiting_for_control_planes_is_what_no_step_explains() -> None:
    parts = by_step(timed(samples(140, 3800)))
    assert list(parts[CONTROL_PLANES]) == [0, 3600]
    assert list(parts["promote_cache"]) == [0, 160]


def test_where_the_other_region_is_lost_too_no_step_counts() -> None:
    parts = by_step(timed(samples(140, 86_400), rebuilt=[1]))
    assert {name: seconds[1] for name, seconds in parts.items()} == {
        "detect": 0, "promote_database": 0, "promote_cache": 0, "verify": 0, REBUILD: 86_400,
    }  # fmt: skip
    assert parts["promote_database"][0] == 100


def test_without_a_failover_region_everything_is_rebuilt() -> None:
    parts = by_step(Timed((), samples(5, 7), samples(0, 0), {}))
    assert list(parts) == [REBUILD]
    assert list(parts[REBUILD]) == [5, 7]


def test_a_mean_is_made_of_the_means_of_its_parts() -> None:
    whole = samples(140, 200)
    assert composition(by_step(timed(whole)), whole) == {
        "detect": 30, "promote_database": 50, "promote_cache": 80, "verify": 10,
    }  # fmt: skip


def test_a_quantile_is_made_of_the_recoveries_that_take_as_long() -> None:
    # one step takes 1 to 1000 s, the other always 10 s: the median is 511 s, of which 501 s are the first step's
    first = np.arange(1, 1001, dtype=np.float32)
    whole = first + 10
    made = composition({"first": first, "second": np.full(1000, 10, np.float32)}, whole, 0.5)
    assert math.fsum(made.values()) == pytest.approx(511)
    assert made["second"] == pytest.approx(10, abs=0.05)


def test_in_every_bundled_recovery_the_parts_add_up_to_the_rto_draw_by_draw(
    comparisons: Mapping[str, Comparison],
) -> None:
    waits = rebuilds = 0
    for comparison in comparisons.values():
        for option in {id(option.recovery): option for option in comparison.options}.values():
            known = option.recovery.judged.time()
            parts = by_step(known)
            together = np.sum(list(parts.values()), axis=0)
            np.testing.assert_allclose(together, known.rto_s, rtol=2e-5)
            assert all((seconds > -0.01).all() for seconds in parts.values())
            waits += CONTROL_PLANES in parts
            rebuilds += REBUILD in parts and option.topology.failover is not None
    assert waits, "article runs in us-east-1, on whose control planes some of its steps wait"
    assert rebuilds, "us-east-1 and us-east-2 may be lost together"


def test_changes_by_step_add_up_to_the_change_of_the_mean_and_of_the_quantiles(
    comparisons: Mapping[str, Comparison],
) -> None:
    for comparison in comparisons.values():
        known = list({id(option.recovery): option for option in comparison.options}.values())
        for before, after in pairwise(known):
            was, now = before.recovery.judged, after.recovery.judged
            steps = rto_parts.step_changes(was, now)
            for name in ("mean", "p50", "p95"):
                change = math.fsum(getattr(step, f"{name}_change_s") for step in steps)
                wanted = getattr(now.rto, name) - getattr(was.rto, name)
                assert change == pytest.approx(wanted, rel=1e-6, abs=0.01), name


def test_a_step_that_both_take_alike_changes_nothing_on_average(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["eu-shop"]
    pilot, warm = comparison.strategies["pilot_light"], comparison.strategies["warm_standby"]
    found = {step.step: step for step in rto_parts.step_changes(pilot.recovery.judged, warm.recovery.judged)}
    # the choice has no database instance until it is needed, warm standby has one and some tasks
    assert found["add_database_instance"].mean_after_s == 0
    assert found["add_database_instance"].mean_change_s == pytest.approx(-560, abs=40)
    assert found["warm_up"].mean_after_s == 0
    for step in ("detect", "decide", "shift_traffic", "verify"):
        assert abs(found[step].mean_change_s) < 0.01, step
    order = list(found)
    assert order.index("detect") < order.index("add_database_instance") < order.index("promote_database")


def test_stores_lose_what_they_lose_and_everything_has_no_change_in_seconds(
    comparisons: Mapping[str, Comparison],
) -> None:
    comparison = comparisons["article"]
    today, chosen = comparison.today.recovery.judged, comparison.chosen.recovery.judged
    found = {store.store: store for store in rto_parts.store_changes(today, chosen)}
    assert found["everything"].p95_before_s == math.inf
    assert math.isnan(found["everything"].p95_after_s)
    assert math.isnan(found["objects"].p95_change_s)
    assert found["database"].decides_after + found["objects"].decides_after == pytest.approx(1)
    slower = comparison.named["smallest_change"].recovery.judged
    objects = {store.store: store for store in rto_parts.store_changes(chosen, slower)}["objects"]
    # without replication time control objects lag by a quarter of an hour, not by two minutes
    assert objects.p95_change_s == objects.p95_after_s - objects.p95_before_s > 600


def test_tables_have_a_row_for_each_step_and_store(comparisons: Mapping[str, Comparison]) -> None:
    outcome = comparisons["article"].chosen.recovery.judged
    steps = rto_parts.frame(rto_parts.step_changes(outcome, outcome), StepChange)
    assert list(steps.columns) == list(StepChange._fields)
    assert (steps["mean_change_s"] == 0).all()
    stores = rto_parts.frame(rto_parts.store_changes(outcome, outcome), StoreChange)
    assert list(stores["store"]) == ["database", "objects"]
