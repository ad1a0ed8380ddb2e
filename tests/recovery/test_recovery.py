"""Recovery: times of small graphs by hand, order between strategies, rates and losses by hand."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from constant_steps import CONSTANT, USUAL

from drkit.choice.comparison import Comparison
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.files.bundled import data_dir
from drkit.recovery.model import DISRUPTIONS, Recovery, Step, finish
from drkit.recovery.simulation import Simulator
from drkit.topology.enumeration import enumerate_topologies
from drkit.topology.strategies import STRATEGIES
from drkit.topology.topology import Topology
from drkit.workload import file as workload_file
from drkit.workload.model import Workload


def _step(name: str, after: str, *seconds: float) -> Step:
    return Step(name, tuple(after.split()), np.array(seconds))


def _ends(*steps: Step) -> dict[str, list[float]]:
    return {name: list(end) for name, end in finish(steps).items()}


def test_a_chain_takes_the_sum() -> None:
    assert _ends(_step("a", "", 10, 1), _step("b", "a", 20, 2), _step("c", "b", 30, 3)) == {
        "a": [10, 1],
        "b": [30, 3],
        "c": [60, 6],
    }


def test_parallel_steps_take_the_longest_in_each_sample() -> None:
    ends = _ends(_step("a", "", 5, 5), _step("b", "a", 1, 9), _step("c", "a", 4, 2), _step("d", "b c", 10, 10))
    assert ends["d"] == [5 + 4 + 10, 5 + 9 + 10]


def test_steps_that_wait_for_nothing_start_at_once() -> None:
    assert _ends(_step("a", "", 7), _step("b", "", 3)) == {"a": [7], "b": [3]}


def test_a_diamond_with_a_short_cut() -> None:
    ends = _ends(_step("a", "", 2), _step("b", "a", 3), _step("c", "b", 4), _step("d", "a c", 1))
    assert ends["d"] == [2 + 3 + 4 + 1]


def test_an_infinite_step_never_ends_and_holds_up_what_waits() -> None:
    ends = _ends(_step("a", "", np.inf, 1), _step("b", "a", 5, 5), _step("c", "", 1, 1))
    assert ends == {"a": [np.inf, 1], "b": [np.inf, 6], "c": [1, 1]}


def test_a_step_that_waits_for_a_later_one_is_refused() -> None:
    with pytest.raises(ValueError, match="b waits for c, which does not stand before it"):
        finish([_step("a", "", 1), _step("b", "a c", 1), _step("c", "", 1)])


def test_no_steps_take_no_time() -> None:
    assert finish([]) == {}


# A workload without chance: every figure is one number --------------------------------------------------------------


def _recoveries(catalog: Catalog, samples: int = 50, **parts: str) -> dict[str, Recovery]:
    workload = workload_file.parse(CONSTANT.format(**(USUAL | parts)))
    assumptions = Assumptions(catalog.snapshot, workload.assumptions)
    simulator = Simulator(workload, catalog, assumptions, samples=samples)
    found: dict[str, Recovery] = {}
    for topology in enumerate_topologies(workload, catalog, assumptions):
        if not topology.rejected_because:
            name = topology.strategy + ".headless" * topology.headless
            name += ".rtc" * topology.replication_time_control
            found.setdefault(name, simulator.recover(topology))
    return found


@pytest.fixture(scope="module")
def constant(catalog: Catalog) -> dict[str, Recovery]:
    return _recoveries(catalog)


RTO_BY_HAND = {
    # nothing lies outside: two weeks
    "single_region": 1_209_600,
    # 90 + 600 + max(restore 1200 + 100 x 2, stack 1500 + max(cache 650, start 60 + 2 x 15 + healthy 150 + standby
    # passes its health check 90)) + warm 80 + dns 60 + drain 30 + verify 300
    "backup_restore": 90 + 600 + 1500 + 650 + 80 + 90 + 300,
    # 90 + 600 + max(database 120, cache 50, tasks 60 + 30 + 150, then three checks every 30 s find the standby well)
    # + warm 80 + 90 + 300
    "pilot_light": 90 + 600 + 240 + 90 + 80 + 90 + 300,
    # the instance must be added before the promotion, 480 + 120, which takes longer than 240 + 90
    "pilot_light.headless": 90 + 600 + 600 + 80 + 90 + 300,
    # a quarter of 4 tasks runs and the load balancer has them: the standby is well all the time
    "warm_standby": 90 + 600 + 240 + 90 + 300,
    "hot_standby": 90 + 600 + 120 + 90 + 300,
    # 90 + max(dns and drain 90, decide 45 + database 120)
    "active_active": 90 + 165,
}


@pytest.mark.parametrize("strategy", RTO_BY_HAND)
def test_the_time_to_recover_from_a_lost_region_by_hand(strategy: str, constant: dict[str, Recovery]) -> None:
    assert set(constant[strategy].outcomes["region_loss"].rto_s) == {RTO_BY_HAND[strategy]}


def _region_lost(recoveries: dict[str, Recovery]) -> dict[str, float]:
    found = {name: set(recovery.outcomes["region_loss"].rto_s) for name, recovery in recoveries.items()}
    return {name: times.pop() for name, times in found.items() if len(times) == 1 and not name.endswith(".rtc")}


def test_without_a_zone_people_notice_and_point_the_clients_elsewhere(catalog: Catalog) -> None:
    # notice 700 in place of 90, point clients elsewhere 850 in place of the 60 of DNS, drain 30 as before; nobody
    # waits for a health check of the standby
    expected = {
        "single_region": 1_209_600,
        "backup_restore": 700 + 600 + 1500 + 650 + 80 + 880 + 300,
        "pilot_light": 700 + 600 + 240 + 80 + 880 + 300,
        "pilot_light.headless": 700 + 600 + 600 + 80 + 880 + 300,
        "warm_standby": 700 + 600 + 240 + 880 + 300,
        "hot_standby": 700 + 600 + 120 + 880 + 300,
        # max(clients 880, decide 45 + database 120)
        "active_active": 700 + 880,
    }
    assert _region_lost(_recoveries(catalog, dns="", detection="")) == expected
    # who measured how soon people notice is believed
    measured = _region_lost(_recoveries(catalog, dns=""))
    assert measured["hot_standby"] == expected["hot_standby"] - 700 + 90
    planned = _recoveries(catalog, dns="")["hot_standby"].outcomes["planned_switchover"]
    # database 70 + clients 850 + drain 30
    assert set(planned.rto_s) == {950.0}


@pytest.mark.parametrize(("fast", "check"), [("false", 90), ("true", 30)])
def test_a_health_check_notices_the_loss_and_then_the_standby(fast: str, check: int, catalog: Catalog) -> None:
    dns = f"zone: a.example.com, ttl_s: 60, fast_health_checks: {fast}"
    found = _region_lost(_recoveries(catalog, dns=dns, detection=""))
    # three checks every 30 or 10 s: once until the loss is known, and in a pilot light once more for the new tasks
    assert found["pilot_light"] == check + 600 + 240 + check + 80 + 90 + 300
    assert found["warm_standby"] == check + 600 + 240 + 90 + 300


def test_where_automation_decides_nobody_is_waited_for(catalog: Catalog) -> None:
    found = _region_lost(_recoveries(catalog, detection="detection_s: 90, automated: true, "))
    # 45 in place of 600
    assert found["hot_standby"] == RTO_BY_HAND["hot_standby"] - 600 + 45
    assert found["warm_standby"] == RTO_BY_HAND["warm_standby"] - 600 + 45
    assert found["active_active"] == RTO_BY_HAND["active_active"]


def test_tasks_start_only_where_fewer_run_than_at_home(catalog: Catalog) -> None:
    one = _recoveries(catalog, tasks="1")
    # a quarter of one task, rounded up, is the whole: a warm standby has nothing to start
    assert _region_lost(one)["warm_standby"] == RTO_BY_HAND["hot_standby"]
    assert _region_lost(one)["pilot_light"] == RTO_BY_HAND["pilot_light"]
    started = {
        name: "scale_compute" in {step.name for step in recovery.outcomes["region_loss"].steps}
        for name, recovery in _recoveries(catalog).items()
    }
    assert {name for name, does in started.items() if does} == {
        name + rtc
        for name in ("backup_restore", "pilot_light", "pilot_light.headless", "warm_standby")
        for rtc in ("", ".rtc")
    }


def test_an_image_of_unknown_size_is_pulled_in_the_time_assumed(catalog: Catalog) -> None:
    found = _region_lost(_recoveries(catalog, image=""))
    # 3 GiB assumed in place of 2 given, 15 s each
    assert found["warm_standby"] == RTO_BY_HAND["warm_standby"] + 15


def test_every_step_says_how_its_time_is_known(comparisons: Mapping[str, Comparison]) -> None:
    article = next(
        o for o in comparisons["article"].options if o.topology_id == "pilot_light.us-east-2.standard.x86_64"
    )
    steps = {step.name: step.basis for step in article.recovery.outcomes["region_loss"].steps}
    published = "derived:figures_for_published_words"
    assert steps == {
        "detect": "observed",
        "decide": "observed:user",
        "promote_database": published,
        "promote_cache": published,
        "scale_compute": "assumption",
        "pull_images": "assumption",
        "targets_healthy": "observed",
        "standby_passes_health_check": "observed",
        "warm_up": "assumption",
        "shift_traffic": published,  # CloudFront's attempts to reach an origin
        "verify": "assumption",
    }
    frame = article.recovery.outcomes["region_loss"].schedule()
    assert dict(zip(frame["step"], frame["basis"], strict=True)) == steps


def test_the_last_step_ends_when_service_is_back(constant: dict[str, Recovery]) -> None:
    for strategy, recovery in constant.items():
        outcome = recovery.outcomes["region_loss"]
        if strategy != "single_region":
            assert max(map(tuple, finish(outcome.steps).values())) == tuple(outcome.rto_s), strategy


def test_the_schedule_shows_when_each_step_starts_and_ends(constant: dict[str, Recovery]) -> None:
    frame = constant["hot_standby"].outcomes["region_loss"].schedule().set_index("step")
    assert frame.loc["promote_database", "after"] == "decide"
    assert tuple(frame.loc["promote_database", ["start_s", "end_s", "p95_s"]]) == (690, 810, 810)
    assert tuple(frame.loc["verify", ["start_s", "end_s"]]) == (900, 1200)


def test_writes_lost_with_the_region_by_hand(constant: dict[str, Recovery]) -> None:
    for strategy in ("pilot_light", "warm_standby", "hot_standby", "active_active"):
        plain = constant[strategy].outcomes["region_loss"]
        assert {name: set(lost) for name, lost in plain.rpo_by_store.items()} == {"database": {0.5}, "objects": {40.0}}
        assert set(plain.rpo_s) == {40.0}
        assert set(constant[f"{strategy}.rtc"].outcomes["region_loss"].rpo_s) == {15.0}


def test_backups_lose_up_to_their_interval_and_the_time_of_a_copy(catalog: Catalog) -> None:
    outcome = _recoveries(catalog, samples=4000)["backup_restore"].outcomes["region_loss"]
    lost = outcome.rpo_by_store["database"]
    # every 6 hours, started 200 s late, and 100 GiB x 4 s to copy
    assert 600 <= lost.min() < 700
    assert 6 * 3600 + 500 < lost.max() <= 6 * 3600 + 600.01
    assert np.median(lost) == pytest.approx(3 * 3600 + 600, rel=0.05)


def test_a_single_region_loses_everything_with_its_region(constant: dict[str, Recovery]) -> None:
    outcome = constant["single_region"].outcomes["region_loss"]
    assert set(outcome.rpo_s) == {np.inf}
    assert np.isfinite(outcome.rto_s).all()


def test_a_planned_switchover_loses_nothing(constant: dict[str, Recovery]) -> None:
    for recovery in constant.values():
        assert set(recovery.outcomes["planned_switchover"].rpo_s) == {0.0}
    # max(database 70, cache 50) + dns 60 + drain 30
    assert set(constant["pilot_light"].outcomes["planned_switchover"].rto_s) == {160.0}
    assert set(constant["single_region"].outcomes["planned_switchover"].rto_s) == {0.0}


def test_corrupted_data_costs_every_strategy_the_same(constant: dict[str, Recovery]) -> None:
    for recovery in constant.values():
        outcome = recovery.outcomes["data_corruption"]
        assert set(outcome.rpo_s) == {3600.0 + 300.0}
        # until somebody notices the service is up: decide 600, restore 1400, verify 300
        assert set(outcome.rto_s) == {2300.0}
        assert [step.name for step in outcome.steps] == ["decide", "restore_database", "verify"]


def test_without_a_database_nothing_is_restored_after_a_corruption(
    catalog: Catalog, workloads: Mapping[str, Workload]
) -> None:
    workload = workloads["article"].model_copy(update={"database": None})
    topology, assumptions = _topology(catalog, workload, "warm_standby")
    outcome = Simulator(workload, catalog, assumptions, samples=50).recover(topology).outcomes["data_corruption"]
    assert (outcome.steps, outcome.rto.mean, outcome.rpo.mean) == ((), 0, 0)


def test_a_lost_zone_takes_the_longer_of_database_and_cache(catalog: Catalog, constant: dict[str, Recovery]) -> None:
    for recovery in constant.values():
        outcome = recovery.outcomes["az_failure"]
        assert set(outcome.rto_s) == {50.0}
        assert set(outcome.rpo_s) == {0.0}
    alone = _recoveries(catalog, instances="1", replicas="0")["single_region"].outcomes["az_failure"]
    # max(a new instance 480, a new cache 650)
    assert set(alone.rto_s) == {650.0}
    single = _recoveries(catalog, tasks="1")["single_region"].outcomes["az_failure"]
    # max(database 12, cache 50, the only task elsewhere: start 60 + 2 x 15 + healthy 150)
    assert set(single.rto_s) == {240.0}
    assert set(_recoveries(catalog, tasks="2")["single_region"].outcomes["az_failure"].rto_s) == {50.0}


@pytest.mark.parametrize(
    ("replicas", "rebuildable", "lost"),
    [("0", "false", np.inf), ("0", "true", 0.0), ("1", "false", 0.0), ("1", "true", 0.0)],
)
def test_a_zone_takes_with_it_a_cache_that_has_one_copy(
    replicas: str, rebuildable: str, lost: float, catalog: Catalog
) -> None:
    recovery = _recoveries(catalog, replicas=replicas, rebuildable=rebuildable)["hot_standby"]
    assert set(recovery.outcomes["az_failure"].rpo_s) == {lost}
    stores = recovery.outcomes["az_failure"].rpo_by_store
    assert {name: set(seconds) for name, seconds in stores.items()} == ({"cache": {np.inf}} if lost else {})


def test_managed_rpo_caps_what_the_database_loses(catalog: Catalog) -> None:
    def lost(managed: str) -> set[float]:
        recovery = _recoveries(catalog, lag="45", managed=managed, replicate="false")["hot_standby"]
        return set(recovery.outcomes["region_loss"].rpo_s)

    assert lost("") == {45.0}
    assert lost(", managed_rpo_s: 20") == {20.0}
    assert lost(", managed_rpo_s: 60") == {45.0}


def test_a_cache_counts_only_when_it_cannot_be_rebuilt(catalog: Catalog) -> None:
    kept = _recoveries(catalog, rebuildable="false", replicate="false")["hot_standby"].outcomes["region_loss"]
    assert {name: set(lost) for name, lost in kept.rpo_by_store.items()} == {"database": {0.5}, "cache": {2.0}}
    assert set(kept.rpo_s) == {2.0}


def _rates() -> dict[tuple[str, str], float]:
    with (data_dir() / "snapshot" / "disruption_rates.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["disruption"], row["region_group"]): float(row["typical_per_year"]) for row in rows}


def test_rates_are_the_jeffreys_rates_of_the_events() -> None:
    with (data_dir() / "snapshot" / "disruption_rates.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        # (events + 1/2) / years
        assert float(row["typical_per_year"]) == pytest.approx(
            (int(row["events"]) + 0.5) / float(row["region_years"]), rel=1e-3
        )
        assert float(row["low_per_year"]) < float(row["typical_per_year"]) < float(row["high_per_year"])
    # 8 regional events in 15.9 years of us-east-1; one elsewhere in 261.4, beside the two losses; one war, which is
    # both of them, in 277.3 region-years
    assert _rates() == pytest.approx(
        {
            ("region_impairment", "us-east-1"): 8.5 / 15.9,
            ("region_impairment", "other"): 1.5 / 261.4,
            ("region_loss", "any"): 1.5 / 277.3,
            ("az_failure", "any"): 8.5 / 277.3,
        },
        rel=1e-3,
    )


@pytest.mark.parametrize(("region", "group", "zones"), [("us-east-1", "us-east-1", 6), ("us-west-2", "other", 4)])
def test_how_often_is_read_from_the_history(region: str, group: str, zones: int, catalog: Catalog) -> None:
    rates = _rates()
    recovery = _recoveries(catalog, region=region)["pilot_light"]
    assert {name: outcome.per_year for name, outcome in recovery.outcomes.items()} == pytest.approx(
        {
            # the history counts zones by region: the writer's is one of us-east-1's six, of us-west-2's four
            "az_failure": rates["az_failure", "any"] / zones,
            # half of the impairments hit this workload
            "region_impairment": 0.5 * rates["region_impairment", group],
            "region_loss": rates["region_loss", "any"],
            "data_corruption": 0.1,
            "planned_switchover": 2,
        },
        rel=1e-3,
    )
    # the part that hits is the workload's own figure here
    assert recovery.outcomes["region_impairment"].rate_basis == "derived:jeffreys_rate; observed:user"
    assert recovery.outcomes["region_loss"].rate_basis == "derived:jeffreys_rate"


def test_how_much_an_impairment_hits_is_assumed_unless_given(comparisons: Mapping[str, Comparison]) -> None:
    outcome = comparisons["article"].chosen.recovery.outcomes["region_impairment"]
    # the mean of 0.3, 0.6 and 1
    assert outcome.per_year == pytest.approx(_rates()["region_impairment", "us-east-1"] * 1.9 / 3, rel=1e-3)
    assert outcome.rate_basis == "derived:jeffreys_rate; assumption"


def test_nobody_rehearses_what_is_not_live(constant: dict[str, Recovery]) -> None:
    for strategy in ("single_region", "backup_restore"):
        assert constant[strategy].outcomes["planned_switchover"].per_year == 0


def test_the_expected_yearly_loss_by_hand(constant: dict[str, Recovery]) -> None:
    rates = _rates()
    # an outage costs 2 USD a second, lost writes 1 USD a second
    for strategy, rto, rpo in (("hot_standby", 1200, 40), ("single_region", 1_209_600, 1000 * 3600)):
        impaired = constant[strategy].outcomes["region_impairment"]
        expected = (
            rates["az_failure", "any"] / 6 * 2 * 50  # the writer's of us-east-1's six zones
            + 0.5
            * rates["region_impairment", "us-east-1"]
            * (2 * impaired.time().down_s.mean() + impaired.rpo_s.mean())
            + rates["region_loss", "any"] * (2 * rto + rpo)
            + 0.1 * (2 * 2300 + 3900)
            + (2 * 2 * 160 if strategy == "hot_standby" else 0)
        )
        assert constant[strategy].expected_yearly_loss_usd == pytest.approx(expected, rel=1e-3)


def test_an_impaired_region_that_comes_back_first_has_lost_nothing(catalog: Catalog) -> None:
    outcome = _recoveries(catalog, samples=2000)["backup_restore"].outcomes["region_impairment"]
    alone = _recoveries(catalog, samples=2000)["single_region"].outcomes["region_impairment"]
    failover = RTO_BY_HAND["backup_restore"]
    assert outcome.rto_s.max() == failover
    waited = outcome.rto_s < failover
    assert (outcome.rto_s[waited] == alone.rto_s[waited]).all()
    assert set(outcome.rpo_s[waited]) <= {0.0}
    assert (outcome.rpo_s[~waited] > 0).all()
    # the lognormal fitted to outages of 1 to 22 hours, whose median is 5.6 h; two weeks of rebuilding end the longest
    assert np.median(alone.rto_s) == pytest.approx(5.57 * 3600, rel=0.08)
    assert alone.rto_s.max() == 1_209_600


# Workloads with chance ----------------------------------------------------------------------------------------------


def _by_strategy(comparison: Comparison) -> dict[str, Recovery]:
    found: dict[str, Recovery] = {}
    for option in comparison.options:
        topology = option.topology
        if not topology.replication_time_control:
            found.setdefault(topology.strategy + ".headless" * topology.headless, option.recovery)
    return found


ORDER = ("hot_standby", "warm_standby", "pilot_light", "pilot_light.headless", "backup_restore")


@pytest.mark.parametrize("name", ["article", "eu-shop", "media-house", "payments-br", "small-saas"])
def test_more_standing_ready_is_never_slower_in_any_sample(name: str, comparisons: Mapping[str, Comparison]) -> None:
    found = _by_strategy(comparisons[name])
    order = [found[strategy].outcomes["region_loss"] for strategy in ORDER if strategy in found]
    assert len(order) >= 4
    for faster, slower in itertools.pairwise(order):
        assert (faster.rto_s <= slower.rto_s + 1e-9).all()
        assert (faster.rpo_s <= slower.rpo_s + 1e-9).all()


@pytest.mark.parametrize("name", ["article", "eu-shop", "media-house", "payments-br", "small-saas"])
def test_corruption_takes_the_same_from_every_strategy(name: str, comparisons: Mapping[str, Comparison]) -> None:
    found = _by_strategy(comparisons[name])
    today = found["single_region"].outcomes["data_corruption"]
    for recovery in found.values():
        assert (recovery.outcomes["data_corruption"].rpo_s == today.rpo_s).all()
        assert (recovery.outcomes["data_corruption"].rto_s == today.rto_s).all()
    assert np.median(today.rpo_s) > 600


def test_every_figure_is_a_time_or_a_rate(comparisons: Mapping[str, Comparison]) -> None:
    for comparison in comparisons.values():
        for recovery in {id(o.recovery): o.recovery for o in comparison.options}.values():
            assert set(recovery.outcomes) == set(DISRUPTIONS)
            assert np.isfinite(recovery.expected_yearly_loss_usd)
            assert recovery.expected_yearly_loss_usd >= 0
            for outcome in recovery.outcomes.values():
                assert (outcome.rto_s >= 0).all()
                assert np.isfinite(outcome.rto_s).all()
                assert (outcome.rpo_s >= 0).all()
                assert not np.isnan(outcome.rpo_s).any()
                assert outcome.per_year >= 0
                assert outcome.rate_basis


def _topology(catalog: Catalog, workload: Workload, strategy: str) -> tuple[Topology, Assumptions]:
    assumptions = Assumptions(catalog.snapshot, workload.assumptions)
    topologies = enumerate_topologies(workload, catalog, assumptions)
    return next(t for t in topologies if t.strategy == strategy and not t.rejected_because), assumptions


def test_the_same_seed_draws_the_same(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    workload = workloads["article"]
    topology, assumptions = _topology(catalog, workload, "warm_standby")

    def rto(seed: int) -> np.ndarray:
        simulator = Simulator(workload, catalog, assumptions, seed=seed, samples=500)
        return simulator.recover(topology).judged.rto_s

    assert (rto(7) == rto(7)).all()
    assert (rto(7) != rto(8)).any()


def test_draws_do_not_depend_on_what_was_timed_before(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    workload = workloads["article"]
    assumptions = Assumptions(catalog.snapshot, workload.assumptions)
    topologies = [_topology(catalog, workload, strategy)[0] for strategy in STRATEGIES]
    forward = Simulator(workload, catalog, assumptions, samples=300)
    backward = Simulator(workload, catalog, assumptions, samples=300)
    first = [forward.recover(topology).expected_yearly_loss_usd for topology in topologies]
    second = [backward.recover(topology).expected_yearly_loss_usd for topology in topologies[::-1]]
    assert first == second[::-1]


def test_draws_follow_their_distribution(catalog: Catalog) -> None:
    assumptions = Assumptions(catalog.snapshot)
    rng = np.random.default_rng(1)
    for name in assumptions:
        figure = assumptions[name]
        drawn = figure.sample(rng, 40_000)
        assert (drawn >= 0).all()
        assert drawn.mean() == pytest.approx(figure.mean, rel=0.05), name
        if figure.distribution == "lognormal":
            # typical is the median, high the 99.9 % point
            assert np.median(drawn) == pytest.approx(figure.typical, rel=0.05), name
            assert (drawn > figure.high).mean() == pytest.approx(0.001, abs=0.0006), name
        else:
            assert figure.low <= drawn.min() <= drawn.max() <= figure.high, name
