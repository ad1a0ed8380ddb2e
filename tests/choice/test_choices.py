"""Named options, what is nearly as good as the choice, regret, and why each other topology was not chosen."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np
import pytest

from drkit.choice import choices, regret
from drkit.choice.bill_inputs import bill_inputs, changes_usd
from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.choice.options import Option
from drkit.choice.ownership import ownership
from drkit.choice.regret import Scenarios, total_usd
from drkit.errors import ParameterError
from drkit.facts.catalog import Catalog
from drkit.report import choice as choice_report
from drkit.report import summary as report
from drkit.space.space import design_space
from drkit.stats.draws import Draws
from drkit.stats.quantity import Quantity
from drkit.workload.model import Workload

NAMES = ("article", "eu-shop", "media-house", "payments-br", "small-saas")


@pytest.fixture(params=NAMES)
def comparison(request: pytest.FixtureRequest, comparisons: Mapping[str, Comparison]) -> Comparison:
    return comparisons[request.param]


# Named options -------------------------------------------------------------------------------------------------------


def test_the_best_recovery_is_one_that_the_budget_pays_for(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["small-saas"]
    budget = comparison.workload.objectives.budget_usd_per_month
    assert budget == 700
    best = comparison.named["best_recovery"]
    paid = [o for o in comparison.options if o.topology.failover and o.bill.monthly_usd <= budget]
    assert best.bill.monthly_usd <= budget
    assert best.judgement.rto_p95_s == min(o.judgement.rto_p95_s for o in paid)
    assert best.judgement.rto_p95_s > min(o.judgement.rto_p95_s for o in comparison.options if o.topology.failover)
    assert report.choices(comparison).index[1] == "Best recovery within the budget"


def test_a_budget_that_pays_for_nothing_leaves_the_best_recovery_of_all(
    catalog: Catalog, workloads: Mapping[str, Workload]
) -> None:
    workload = workloads["small-saas"]
    asked = workload.objectives.model_copy(update={"budget_usd_per_month": 1.0, "failover_regions": ["us-east-2"]})
    comparison = compare_topologies(workload.model_copy(update={"objectives": asked}), catalog, samples=500)
    assert comparison.named["best_recovery"].topology.strategy == "active_active"


def test_the_next_best_is_the_best_of_another_strategy(comparison: Comparison) -> None:
    other = choices.next_best(comparison)
    assert other is not None
    kinds = {(o.topology.strategy, o.topology.headless) for o in (other, comparison.chosen)}
    assert len(kinds) == 2
    assert other.topology.failover is not None
    if comparison.chosen.meets_objectives:
        dearer = [
            o.bill.monthly_usd
            for o in comparison.options
            if o.meets_objectives
            and (o.topology.strategy, o.topology.headless)
            != (comparison.chosen.topology.strategy, comparison.chosen.topology.headless)
        ]
        assert not dearer or other.bill.monthly_usd == min(dearer)


# Nearly as good ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("within", [0.0, 0.05, 0.2])
def test_what_is_nearly_as_good_is_what_brute_force_finds(comparison: Comparison, within: float) -> None:
    near = choices.near_optimal(comparison, within)
    limit = comparison.chosen.bill.monthly_usd * (1 + within)
    good = {o.topology_id for o in choices.as_good(comparison)}
    if comparison.chosen.meets_objectives:
        assert good == {o.topology_id for o in comparison.options if o.meets_objectives}
    wanted = {o.topology_id for o in comparison.options if o.topology_id in good and o.bill.monthly_usd <= limit}
    assert {o.topology_id for o in near.options} == wanted
    assert near.options[0] is comparison.chosen
    assert near.considered == len(good)


def test_what_members_share_holds_for_each_of_them(comparison: Comparison) -> None:
    near = choices.near_optimal(comparison)
    for decision in near.decisions:
        assert sum(times for _, times in decision.values) == len(near.options)
        assert decision.chosen in dict(decision.values)
    strategy = near.decisions[0]
    assert strategy.name == "strategy"
    assert strategy.shared is (len({(o.topology.strategy, o.topology.headless) for o in near.options}) == 1)


def test_the_nearly_as_good_are_told_in_words(comparisons: Mapping[str, Comparison]) -> None:
    (many, alike, differ) = choices.near_optimal(comparisons["eu-shop"]).sentences()
    dearest = max(o.bill.monthly_usd for o in choices.near_optimal(comparisons["eu-shop"]).options)
    assert many == (
        "6 of 60 topologies that meet the objectives cost at most 5 % more than the choice, up to "
        f"{dearest:,.2f} USD a month."
    )
    assert alike == (
        "All are alike in strategy (headless pilot light), Aurora storage (standard) and S3 replication time control "
        "(on)."
    )
    assert differ == (
        "They differ in failover region (eu-north-1 in 2, eu-west-1 in 2 and eu-west-3 in 2) and processors (arm64 in 3 "
        "and x86_64 in 3)."
    )
    assert "come as near to the objectives" in choice_report.near_optimal(comparisons["article"])
    alone = choices.near_optimal(comparisons["eu-shop"], 0).sentences()
    assert alone == ["No other topology is as good and costs at most 0 % more than the choice."]


def test_a_part_below_nothing_is_refused(comparisons: Mapping[str, Comparison]) -> None:
    for wrong in (-0.1, math.nan):
        with pytest.raises(ParameterError, match=r"give a part of at least 0, such as 0\.05 for 5 %"):
            choices.near_optimal(comparisons["article"], wrong)


def test_the_comparison_marks_what_is_nearly_as_good_in_its_last_column(comparison: Comparison) -> None:
    frame = comparison.frame()
    assert frame.columns[-1] == "near_optimal"
    marked = set(frame.loc[frame["near_optimal"].eq(True), "topology_id"])
    assert marked == {o.topology_id for o in choices.near_optimal(comparison).options}


def test_sizes_that_a_shortlist_differs_in_are_told(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    """Six tasks of 1 vCPU and two of 0.5 are seven vCPU; so are half as many of twice the size."""
    whole = design_space(
        workloads["article"],
        catalog,
        samples=500,
        strategies="pilot_light",
        failover_regions="us-west-2",
        db_classes="db.r6g.large",
        db_instances=[2, 3],
        db_purchases=["on_demand", "reserved_1y_no_upfront"],
        cache_node_types="cache.m6g.large",
        cache_replicas=[1, 2],
        cache_purchases="on_demand",
        architectures="today",
    )
    rows = whole.where("replication_time_control and not headless and db_storage_type == 'standard'")
    near = choices.near_optimal(whole.comparison(rows.index), 1.0)
    assert {one.name: dict(one.values) for one in near.decisions} == {
        "database instances": {"2": 8, "3": 8},
        "cache replicas": {"1": 8, "2": 8},
        "tasks": {"8 tasks with 7 vCPU": 8, "4 tasks with 7 vCPU": 8},
        "purchase": {"on demand": 8, "database reserved for 1 year, no upfront and on demand": 8},
    }


def test_who_differs_by_what_costs_nothing_is_not_blamed_on_its_region(
    catalog: Catalog, workloads: Mapping[str, Workload]
) -> None:
    """A higher end of a serverless range costs nothing as long as the average is the same."""
    whole = design_space(
        workloads["eu-shop"],
        catalog,
        samples=500,
        strategies="pilot_light",
        failover_regions="eu-north-1",
        acu=[{"min": 8, "average": 14, "max": most} for most in (64, 128)],
        db_classes="db.serverless",
        db_instances=2,
        cache_replicas=1,
        cache_node_types="cache.r7g.large",
        task_scales=1,
        architectures="today",
    )
    rows = whole.where("not headless and replication_time_control and db_storage_type == 'standard'")
    comparison = whole.comparison(rows.index)
    (other,) = [option for option in comparison.surviving if option is not comparison.chosen]
    assert other.bill.monthly_usd == comparison.chosen.bill.monthly_usd
    assert choices.why_not(comparison, other) == "costs and loses the same as the choice: either will do"
    (decision,) = choices.near_optimal(comparison).decisions
    assert dict(decision.values) == {"8 to 64 ACU": 1, "8 to 128 ACU": 1}


# Why not -------------------------------------------------------------------------------------------------------------


def test_who_costs_more_says_how_much_and_what_for(comparison: Comparison) -> None:
    chosen, near = comparison.chosen, {o.topology_id for o in choices.near_optimal(comparison).options}
    seen = 0
    for option in comparison.options:
        why = comparison.why_not(option)
        if not (told := re.match(r"costs ([\d,.]+) USD a month more than the choice \((.+?)\)", why)):
            continue
        seen += 1
        more = option.bill.monthly_usd / chosen.bill.monthly_usd - 1
        if "less than" not in told.group(2):
            assert float(told.group(2).removesuffix(" %")) == pytest.approx(100 * more, abs=0.051)
        faster = option.judgement.rto_at_probability_s < chosen.judgement.rto_at_probability_s
        safer = option.judgement.rpo_at_probability_s < chosen.judgement.rpo_at_probability_s
        if "recovers in" in why:
            assert faster
        if "loses " in why and "loses less" not in why:
            assert safer
        assert why.endswith("; nearly as good") is (option.topology_id in near)
    assert seen


def test_every_topology_but_the_choice_has_a_sentence(comparison: Comparison) -> None:
    table = choice_report.not_chosen(comparison)
    assert table.rows == len(comparison.options) + len(comparison.rejected) - 1
    for topology in comparison.rejected:
        assert topology.rejected_because
    assert comparison.why_not(comparison.chosen) == ""


# Regret --------------------------------------------------------------------------------------------------------------


def test_regret_is_the_distance_to_the_best_of_each_scenario(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    one, two, three = comparison.options[:3]
    # a hundred scenarios; in the last forty the first costs 50 more than the second, which costs 10 more in the others
    totals = np.zeros((3, 100))
    totals[0] = [100.0] * 60 + [150.0] * 40
    totals[1] = [110.0] * 60 + [100.0] * 40
    totals[2] = 500.0
    found = {id(r.option): r for r in regret.ranked(comparison, [one, two, three], totals)}
    assert found[id(one)][1:] == pytest.approx((20.0, 50.0, 0.0, 50.0, 0.6))
    assert found[id(two)][1:] == pytest.approx((6.0, 10.0, 0.0, 10.0, 0.4))
    assert [r.option for r in regret.ranked(comparison, [one, two, three], totals)] == [two, one, three]


def test_savages_example_is_decided_by_the_largest_regret_and_not_by_the_mean(
    comparisons: Mapping[str, Comparison],
) -> None:
    comparison = comparisons["article"]
    sure, bold = comparison.options[:2]
    # the bold one is cheaper by 10 in nine scenarios of ten, and dearer by 80 in the tenth: cheaper on average
    totals = np.array([[100.0] * 100, [90.0] * 90 + [180.0] * 10])
    first, second = regret.ranked(comparison, [sure, bold], totals)
    assert (first.option, first.high_usd) == (sure, 10.0)
    assert (second.option, second.high_usd) == (bold, 80.0)
    assert second.expected_usd < first.expected_usd


@pytest.mark.slow
def test_the_least_regretted_is_as_good_as_the_choice_and_its_regret_the_least(comparison: Comparison) -> None:
    ranked = choices.least_regret(comparison)
    assert {r.option.topology_id for r in ranked} == {o.topology_id for o in choices.as_good(comparison)}
    least = comparison.named["least_regret"]
    assert ranked[0].option is least
    lowest = min(ranked, key=lambda r: r.high_usd)
    told_apart = [r for r in ranked if r.high_usd <= lowest.high_usd + lowest.high_error_usd]
    assert ranked[0].expected_usd <= min(r.expected_usd for r in told_apart) + 0.01
    for one in ranked:
        assert 0 <= one.expected_usd <= one.most_usd
        assert 0 <= one.high_usd <= one.most_usd
        assert 0 <= one.best <= 1
    assert sum(r.best for r in ranked) >= 0.999


@pytest.mark.slow
def test_who_may_be_lost_with_the_primary_region_is_regretted_more_than_its_price(
    comparisons: Mapping[str, Comparison],
) -> None:
    # us-east-1 saves 62 USD a month against us-west-2, and may be lost together with us-east-2
    comparison = comparisons["media-house"]
    assert comparison.chosen.topology.failover_region == "us-east-1"
    assert comparison.named["least_regret"].topology.failover_region == "us-west-2"
    for seed in (2, 3):
        ranked = regret.regrets(comparison, choices.as_good(comparison), Scenarios(seed))
        assert ranked[0].option is comparison.named["least_regret"]


def test_the_mean_over_scenarios_is_the_total_cost_of_ownership(comparison: Comparison) -> None:
    options = [comparison.chosen, *comparison.strategies.values()]
    totals = regret.total_usd(comparison, options, Scenarios(1))
    assert totals.shape == (len(options), regret.SCENARIOS)
    for option, total in zip(options, totals, strict=True):
        # quantities are skewed, so that a bill's mean is not the bill at typical quantities
        assert total.mean() == pytest.approx(ownership(comparison, option).total_usd, rel=0.06)


def test_who_is_the_best_in_every_scenario_is_never_regretted(comparisons: Mapping[str, Comparison]) -> None:
    # small-saas: the same instance everywhere, in the cheapest region, and nothing more than what is asked
    first = choices.least_regret(comparisons["small-saas"])[0]
    assert first.option is comparisons["small-saas"].chosen
    assert (first.high_usd, first.most_usd, first.best) == (0.0, 0.0, 1.0)


def test_scenarios_differ_by_what_is_not_known_and_share_what_is_chance() -> None:
    draws = Scenarios(1, scenarios=50, events=200)
    figure = Quantity(low=0, typical=5, high=10)
    known = draws.known("decision_s", figure).reshape(50, 200)
    assert (known == known[:, :1]).all()
    # spread evenly: the mean of a symmetrical triangle from 0 to 10, to a fifth of what fifty random draws would be off
    assert known[:, 0].mean() == pytest.approx(5, abs=0.06)
    lag = draws.known("database_lag_s", figure).reshape(50, 200)
    assert (lag == lag[:1]).all()
    strikes = draws.uniform("neighbour").reshape(50, 200)
    assert (strikes[0] < 0.02).sum() == 4
    assert draws.of_scenario(draws.gamma("rate.region_loss", 0.5, 100.0)).shape == (50,)
    again = Scenarios(1, scenarios=50, events=200)
    np.testing.assert_array_equal(again.known("decision_s", figure), draws.known("decision_s", figure))


def test_a_rates_scenarios_have_its_mean_and_its_spread() -> None:
    draws = Scenarios(1, scenarios=400, events=1)
    rates = draws.gamma("rate.region_impairment", 4.0, 2.0)
    assert rates.mean() == pytest.approx(2.0, rel=0.01)
    assert rates.var() == pytest.approx(1.0, rel=0.06)
    assert isinstance(draws, Draws)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["article", "media-house", "payments-br"])
def test_quantities_move_bills_as_whole_bills_say(name: str, comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons[name]
    known = bill_inputs(comparison)
    options: list[Option] = list(comparison.options[::5])
    found = changes_usd(comparison, options, known)
    assert found.shape == (len(known), 2, len(options))
    for at, one in enumerate(known):
        for end, value in enumerate((one.figure.low, one.figure.high)):
            biller = one.bills(comparison, value)
            moved = [biller.bill(option.topology).monthly_usd - option.bill.monthly_usd for option in options]
            np.testing.assert_allclose(found[at, end], moved, atol=0.0101)


def test_one_event_is_enough_for_what_chance_does_not_touch(comparisons: Mapping[str, Comparison]) -> None:
    figure = comparisons["article"].assumptions["failover_run_usd"]
    draws = Scenarios(1, scenarios=40, events=25)
    assert len(draws.once.known("failover_run_usd", figure)) == 40
    for scenarios in (draws, draws.once):
        means = scenarios.of_scenario(scenarios.known("failover_run_usd", figure))
        np.testing.assert_array_equal(means, draws.known("failover_run_usd", figure)[::25])


def test_what_a_time_costs_does_not_depend_on_the_options_beside_it(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["payments-br"]
    options = list(comparison.options[::40])
    draws = Scenarios(1, scenarios=20, events=10)
    together = total_usd(comparison, options, draws)
    for option, total in zip(options, together, strict=True):
        np.testing.assert_array_equal(total_usd(comparison, [option], draws)[0], total)


def test_the_table_of_regrets_shows_the_choice_too(comparisons: Mapping[str, Comparison]) -> None:
    table = choice_report.regrets(comparisons["media-house"], shown=2)
    assert list(table["chosen"]) == ["", "", "chosen"]
    assert table["topology"].iloc[2] == comparisons["media-house"].chosen.topology_id
