"""Total cost, break-even, waiting, drills, sensitivity and replays: by hand and against brute force."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from constant_steps import CONSTANT, USUAL

from drkit.choice import ownership as value
from drkit.choice import replay, sensitivity, waiting
from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.choice.options import Option
from drkit.cli import main
from drkit.errors import ParameterError, WorkloadError
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.files.bundled import data_dir
from drkit.recovery import calibration as drills
from drkit.recovery.model import Step
from drkit.report import recovery as recovery_report
from drkit.stats.draws import quantile_of
from drkit.stats.quantiles import probability_error
from drkit.stats.quantity import Quantity
from drkit.words import span
from drkit.workload import file as workload_file
from drkit.workload.model import Costs, Dns, Workload


def _certain(value: float) -> Quantity:
    return Quantity(low=value, typical=value, high=value)


@pytest.fixture(scope="module")
def constant(catalog: Catalog) -> Comparison:
    """Every figure one number, impairments of four hours; an outage costs 2 USD a second, lost writes 1."""
    workload = workload_file.parse(CONSTANT.format(**USUAL))
    own = {
        "outage_duration_h": 4,
        "region_impairment_per_year": 1,
        "region_loss_per_year": 0.1,
        "az_failure_per_year": 0,
        "failover_run_usd": 1000,
        "rehearsal_usd": 500,
    }
    figures = workload.assumptions | {name: _certain(value) for name, value in own.items()}
    return compare_topologies(workload.model_copy(update={"assumptions": figures}), catalog, samples=200)


def _of(comparison: Comparison, strategy: str, headless: bool = False) -> Option:
    return next(
        o
        for o in comparison.options
        if o.topology.strategy == strategy
        and o.topology.headless is headless
        and not o.topology.replication_time_control
    )


# Total cost of ownership and break-even -----------------------------------------------------------------------------


def test_total_cost_of_ownership_by_hand(constant: Comparison) -> None:
    hot = _of(constant, "hot_standby")
    parts = value.ownership(constant, hot)
    assert parts.bill_usd == 12 * hot.bill.monthly_usd
    # half of the impairments hit, each is failed over in 1,200 s of 14,400; lost regions always are
    assert hot.recovery.failovers_per_year == pytest.approx(0.5 + 0.1)
    assert hot.recovery.failbacks_per_year == pytest.approx(0.5)
    assert parts.failovers_usd == pytest.approx(0.6 * 1000)
    assert parts.rehearsals_usd == 2 * 500
    # (impairment and loss) x (1,200 s x 2 + 40 s) + corruption x (2,300 s x 2 + 3,900) + 2 switchovers x 320; the way
    # back from an impairment is a switchover of 160 s at 2 USD, from a lost region there is none
    assert parts.loss_usd == pytest.approx(0.6 * 2440 + 0.1 * 8500 + 640 + 0.5 * 320)
    assert parts.total_usd == pytest.approx(sum(parts[:4]))


def test_the_way_back_of_a_restored_database_is_a_copy_and_a_restore(constant: Comparison) -> None:
    # copy 100 GiB x 4 s, restore 1,200 + 100 x 2 s, dns 60 + drain 30
    assert _of(constant, "backup_restore").recovery.failback_h * 3600 == pytest.approx(400 + 1400 + 90)
    assert constant.today.recovery.failback_h == 0


def test_the_line_of_an_option_passes_through_its_total_cost(comparisons: Mapping[str, Comparison]) -> None:
    for comparison in comparisons.values():
        mean = comparison.workload.costs.outage_usd_per_hour.mean
        for option in comparison.representatives:
            assert value.line(comparison, option).at(mean) == pytest.approx(
                value.ownership(comparison, option).total_usd, rel=1e-6
            )


@pytest.mark.parametrize("name", ["article", "small-saas", "payments-br"])
def test_break_even_is_what_brute_force_finds(name: str, comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons[name]
    reaches = value.break_even(comparison)
    assert reaches[0].from_usd_per_hour == 0
    assert reaches[-1].to_usd_per_hour == math.inf
    lines = [value.line(comparison, option) for option in comparison.options]
    for reach in reaches:
        assert reach.from_usd_per_hour < reach.to_usd_per_hour
        for cost in (reach.from_usd_per_hour * 1.001 + 1e-6, min(reach.to_usd_per_hour * 0.999, 1e9)):
            least = min(line.at(cost) for line in lines)
            assert value.line(comparison, reach.option).at(cost) == pytest.approx(least, rel=1e-9)
    hours = [value.line(comparison, reach.option).hours for reach in reaches]
    assert hours == sorted(hours, reverse=True)


# Wait or fail over --------------------------------------------------------------------------------------------------


def test_the_loss_of_a_wait_by_hand(constant: Comparison) -> None:
    hot = _of(constant, "hot_standby")
    policy = waiting.evaluate(constant, hot, [0, 600, 3600, 5 * 3600])
    # deciding takes 600 s anyway; waiting an hour adds 3,000 s; after five hours the impairment of four is over
    assert policy.outage_usd == pytest.approx(
        (0.6 * 2400, 0.6 * 2400, 0.6 * 2 * 4200, 0.5 * 2 * 14_400 + 0.1 * 2 * (1200 - 600 + 18_000)), rel=1e-4
    )
    assert policy.data_usd == pytest.approx((0.6 * 40, 0.6 * 40, 0.6 * 40, 0.1 * 40), rel=1e-4)
    # nobody moves back to a lost region
    assert policy.failover_usd == pytest.approx((0.6 * 1000 + 0.5 * 320,) * 3 + (0.1 * 1000,), rel=1e-4)
    assert policy.best == 0
    assert policy.rto_p95_s == (1200, 1200, 4200, 18_600)
    assert set(policy.error_usd) == {0}


def test_the_answer_says_what_the_rto_becomes_while_people_wait(catalog: Catalog, constant: Comparison) -> None:
    own = constant.workload.assumptions | {"failover_run_usd": _certain(500_000)}
    comparison = compare_topologies(constant.workload.model_copy(update={"assumptions": own}), catalog, samples=50)
    told = str(recovery_report.answer(comparison, _of(comparison, "hot_standby")))
    # detect 90, wait four hours in which people decide, promote 120, shift 90, verify 300: 15,000 s
    assert "waiting 4.0 h for it to come back loses least" in told
    assert "service is then back after 4.2 h (95 %) and not after 20 min" in told


def test_the_answer_gives_expectations_and_not_the_mean_of_drawn_years(comparisons: Mapping[str, Comparison]) -> None:
    for comparison in comparisons.values():
        recovery = comparison.chosen.recovery
        hours = 8760 * (1 - recovery.yearly.availability)
        assert recovery.downtime_h == pytest.approx(hours)
        assert f"**A year with it.** {span(3600 * hours)} without service" in str(recovery_report.answer(comparison))


def test_every_probability_states_the_error_of_its_own(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["media-house"]
    for option in comparison.representatives:
        rto, rpo = option.recovery.judged.rto, option.recovery.judged.rpo
        assert option.p_error == max(rto.p_error, rpo.p_error)
        frame = comparison.disruptions(option).set_index("disruption").loc["region_loss"]
        assert frame["p_meets_rto_error"] == pytest.approx(probability_error(rto.p_meets, 4000), abs=1e-6)
        assert frame["p_meets_rpo_error"] == pytest.approx(probability_error(rpo.p_meets, 4000), abs=1e-6)
    assert "p_year_error" in value.frame(comparison)
    assert "± by simulation" in recovery_report.break_even(comparison).columns


def test_the_error_of_a_break_even_by_hand(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    reaches = value.break_even(comparison)
    assert reaches[0].error_usd_per_hour == 0
    for before, after in itertools.pairwise(reaches):
        one, other = value.line(comparison, before.option), value.line(comparison, after.option)
        # fixed costs are exact: the crossing is off by as much as the slopes may be, against their difference
        share = (one.hours_error + other.hours_error) / (one.hours - other.hours)
        assert after.error_usd_per_hour == pytest.approx(after.from_usd_per_hour * share)
        assert after.error_usd_per_hour > 0


def test_where_a_failover_costs_more_than_the_outage_waiting_is_best(catalog: Catalog, constant: Comparison) -> None:
    own = constant.workload.assumptions | {"failover_run_usd": _certain(500_000)}
    comparison = compare_topologies(constant.workload.model_copy(update={"assumptions": own}), catalog, samples=50)
    policy = waiting.evaluate(comparison, _of(comparison, "hot_standby"))
    # four hours is the first wait that outlasts an impairment of four
    assert policy.best_wait_s == 4 * 3600


def test_the_best_wait_is_what_brute_force_finds(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    for option in comparison.strategies.values():
        policy = waiting.evaluate(comparison, option)
        frame = policy.frame()
        assert frame["loss_usd"].min() == policy.loss_usd[policy.best]
        assert (frame["loss_usd"] == frame[["outage_usd", "data_usd", "failover_usd"]].sum(axis=1)).all() or (
            frame["loss_usd"].to_numpy() == pytest.approx(frame[["outage_usd", "data_usd", "failover_usd"]].sum(axis=1))
        )
        assert frame["rto_p95_s"].is_monotonic_increasing


def test_the_waiting_policy_of_a_workload_is_in_its_rto(constant: Comparison, catalog: Catalog) -> None:
    operations = constant.workload.operations.model_copy(update={"wait_s": 1000.0})
    waits = compare_topologies(constant.workload.model_copy(update={"operations": operations}), catalog, samples=50)
    assert _of(waits, "hot_standby").judgement.rto_p95_s == 1200 + 400
    # corrupted data is not waited out
    assert set(_of(waits, "hot_standby").recovery.outcomes["data_corruption"].rto_s) == {2300}


# Drills -------------------------------------------------------------------------------------------------------------


def _drills(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "drills.csv"
    path.write_text("date,step,seconds\n" + "".join(row + "\n" for row in rows))
    return path


def test_without_drills_a_belief_stays_what_it_was() -> None:
    belief = drills.prior(Quantity(low=0, typical=120, high=600, distribution="lognormal"))
    after = belief.updated([]).quantity()
    assert (after.low, after.typical, after.high) == pytest.approx((0, 120, 600), rel=1e-3)
    # of a triangle from 60 to 240 with its mode at 120: median 240 - sqrt(180 x 120 / 2), 95 % 240 - sqrt(0.05 x 21600)
    after = drills.prior(Quantity(low=60, typical=120, high=240)).updated([]).quantity()
    assert quantile_of(after, np.array([0.5, 0.95])) == pytest.approx((136.08, 207.14), rel=1e-3)


def test_a_calibrated_figure_is_drawn_as_it_was_measured(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    # a median of 600 s and a spread of 0.8: 95 % within 600 exp(1.645 x 0.8) = 2,237 s, 5 % within 161 s
    rng = np.random.default_rng(2)
    before = Assumptions(catalog.snapshot)
    for figure, assumed in (("verify_s", "triangular"), ("object_lag_s", "lognormal")):
        assert before[figure].distribution == assumed
        measured = [drills.Drill("2026-01-01", figure, float(s)) for s in 600 * np.exp(0.8 * rng.standard_normal(4000))]
        learnt = drills.calibrate(workloads["article"], before, measured).workload
        after = Assumptions(catalog.snapshot, learnt.assumptions)[figure]
        drawn = after.sample(rng, 100_000)
        expected = 600 * np.exp(0.8 * np.array([-1.6449, 0, 1.6449, 3.0902]))
        assert np.quantile(drawn, [0.05, 0.5, 0.95, 0.999]) == pytest.approx(expected, rel=0.08), figure
        assert drawn.mean() == pytest.approx(600 * math.exp(0.8**2 / 2), rel=0.05)


def test_a_belief_is_updated_as_the_textbook_says() -> None:
    belief = drills.Belief(mean=0.0, weight=2.0, shape=3.0, scale=4.0)
    after = belief.updated([math.e, math.e**3])
    # logs 1 and 3: mean 2, squares 2; weight 4, mean (2 x 0 + 2 x 2) / 4, scale 4 + (2 + 2 x 2 x 4 / 4) / 2
    assert after == pytest.approx((1.0, 4.0, 4.0, 7.0))


def test_many_drills_outweigh_what_was_assumed() -> None:
    rng = np.random.default_rng(4)
    seconds = list(np.exp(rng.normal(math.log(50), 0.1, 200)))
    after = drills.prior(Quantity(low=30, typical=60, high=120)).updated(seconds).quantity()
    assert after.typical == pytest.approx(50, rel=0.03)
    # 99.9 % of the lognormal that the drills came from, a little wider for the prior's spread
    assert after.high == pytest.approx(50 * math.exp(3.09 * 0.1), rel=0.15)


def test_drills_move_the_recovery_and_are_shown_before_and_after(
    tmp_path: Path, catalog: Catalog, comparisons: Mapping[str, Comparison]
) -> None:
    comparison = comparisons["article"]
    path = _drills(tmp_path, "2026-01-10,decide,120", "2026-04-11,decide,150", "2026-07-10,add_database_instance,200")
    learnt, table = recovery_report.drilled(comparison.workload, catalog, str(path))
    assert list(table["figure"]) == ["add_database_instance_s", "decision_s"]
    assert list(table["drills"]) == [1, 2]
    assert (table["typical_after"] < table["typical_before"]).all()
    faster = compare_topologies(learnt, catalog, samples=4000)
    name = comparison.chosen.topology_id
    one, other = (next(o for o in c.options if o.topology_id == name) for c in (comparison, faster))
    assert other.judgement.rto_p50_s < one.judgement.rto_p50_s - 300
    assert learnt.operations.decision_s.typical == table.set_index("figure").loc["decision_s", "typical_after"]


def test_without_a_file_of_drills_nothing_changes(catalog: Catalog, comparisons: Mapping[str, Comparison]) -> None:
    workload = comparisons["article"].workload
    learnt, told = recovery_report.drilled(workload, catalog, "")
    assert learnt is workload
    assert "drkit calibrate" in str(told)


WRONG_DRILLS = [
    ("2026-13-01,verify,10", "date is '2026-13-01': give a day such as 2026-11-23"),
    ("2026-01-01,verfy,10", "step is 'verfy', which drkit does not time: did you mean verify"),
    ("2026-01-01,verify,0", "seconds is '0': give a number above 0"),
    ("2026-01-01,verify,soon", "seconds is 'soon': give a number above 0"),
    ("2026-01-01,restore_database,900", "is made of restore_database_fixed_s and restore_database_s_per_gib"),
    ("2026-01-01,impairment_hits_workload,1", "which drkit does not time"),
    ("2026-01-01,detect_fast,31", "is fixed by intervals and thresholds of health checks: measure the step detect"),
    ("2026-01-01,detect_standard,88", "is fixed by intervals and thresholds of health checks"),
    ("2026-01-01,targets_healthy,140", "is fixed by intervals and thresholds of health checks: measure start_tasks_s"),
    ("2026-01-01,standby_passes_health_check,90", "is fixed by intervals and thresholds of health checks"),
]


@pytest.mark.parametrize(("row", "sentence"), WRONG_DRILLS, ids=[row for row, _ in WRONG_DRILLS])
def test_a_wrong_drill_is_told_with_its_line(row: str, sentence: str, tmp_path: Path, catalog: Catalog) -> None:
    path = _drills(tmp_path, "2026-01-01,verify,10", row)
    with pytest.raises(WorkloadError) as error:
        drills.read(path, Assumptions(catalog.snapshot))
    assert "line 3: " in str(error.value)
    assert sentence in str(error.value)


def test_a_file_without_drills_names_its_columns(tmp_path: Path, catalog: Catalog) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    for wrong in (path, tmp_path / "missing.csv"):
        with pytest.raises(WorkloadError, match=r"date, step, seconds|No such file"):
            drills.read(wrong, Assumptions(catalog.snapshot))


def test_the_command_prints_what_to_put_into_the_workload_file(tmp_path: Path, catalog: Catalog) -> None:
    path = _drills(
        tmp_path, "2026-01-10,promote_database,95", "2026-02-10,promote_database,110", "2026-02-10,decide,300"
    )
    result = CliRunner().invoke(main, ["calibrate", "article", str(path)])
    assert result.exit_code == 0, result.output
    lines = result.output.split("\n\n")[1]
    import yaml

    told = yaml.safe_load(lines)
    assert set(told) == {"operations", "assumptions"}
    promotion = Quantity(**told["assumptions"]["promote_database"])
    assert promotion.distribution == "lognormal"
    assert 95 < promotion.typical < 120 < promotion.high
    assert "Next time give all drills, these too, against the workload file from before" in lines
    # the lines are what a workload file takes
    file = tmp_path / "learnt.yaml"
    article = yaml.safe_load((data_dir() / "workloads" / "article.yaml").read_text())
    article["operations"] |= told["operations"]
    file.write_text(yaml.safe_dump(article | {"assumptions": told["assumptions"]}))
    assert workload_file.read(str(file)).assumptions["promote_database"] == promotion
    wrong = CliRunner().invoke(main, ["calibrate", "article", str(tmp_path / "none.csv")])
    assert wrong.exit_code == 2
    assert "Traceback" not in wrong.output


# Sensitivity --------------------------------------------------------------------------------------------------------


def test_every_uncertain_input_is_found_and_no_certain_one(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    known = {one.name: one for one in sensitivity.inputs(comparison, comparison.chosen)}
    assert {"workload.decision_s", "verify_s", "rate.region_impairment", "object_lag_rtc_s"} <= set(known)
    assert {"workload.outage_usd_per_hour", "data_corruption_per_year", "failover_run_usd"} <= set(known)
    assert "detect_fast" not in known  # 30 s, always
    assert known["outage_duration"].chance
    assert not known["verify_s"].chance
    # how far a replica lags, and how late a backup starts, differ from one disruption to the next
    assert {name for name, one in known.items() if one.chance} >= {"database_lag_s", "object_lag_rtc_s"}
    assert not known["rate.region_loss"].chance


def test_a_tornado_moves_one_input_at_a_time(constant: Comparison, catalog: Catalog) -> None:
    own = constant.workload.assumptions | {"verify_s": Quantity(low=100, typical=300, high=500)}
    comparison = compare_topologies(constant.workload.model_copy(update={"assumptions": own}), catalog, samples=50)
    frame = sensitivity.tornado(comparison, _of(comparison, "hot_standby")).set_index("input")
    assert frame.index[0] == "verify_s"
    # 5 % of a symmetric triangle from 100 to 500: 100 + sqrt(0.05 x 400 x 200)
    low = 100 + math.sqrt(0.05 * 400 * 200)
    row = frame.loc["verify_s"]
    assert (row["rto_s_low"], row["rto_s_high"]) == pytest.approx((900 + low, 900 + 600 - low), rel=1e-5)
    # impairment, loss and corruption wait for the checks, at 2 USD a second
    swing = (0.5 + 0.1 + 0.1) * 2 * (600 - 2 * low)
    assert row["total_usd_high"] - row["total_usd_low"] == pytest.approx(swing, rel=1e-3)


def test_sobols_indices_of_a_sum_are_the_shares_of_the_variance(constant: Comparison, catalog: Catalog) -> None:
    own = constant.workload.assumptions | {
        "verify_s": Quantity(low=100, typical=300, high=500),
        "drain_connections_s": Quantity(low=0, typical=50, high=100),
    }
    comparison = compare_topologies(constant.workload.model_copy(update={"assumptions": own}), catalog, samples=50)
    frame = sensitivity.sobol(comparison, _of(comparison, "hot_standby"), 1024)
    rto = frame[frame["output"] == "rto_s"].set_index("input")
    # variances of the triangles: (500 - 100)^2 / 24 and 100^2 / 24, so 16 to 1
    for index in ("first", "total"):
        assert rto.loc["verify_s", index] == pytest.approx(16 / 17, abs=0.03)
        assert rto.loc["drain_connections_s", index] == pytest.approx(1 / 17, abs=0.03)
    assert "rpo_s" not in set(frame["output"])  # no input moves it


def test_a_base_sample_that_is_no_power_of_two_is_refused(constant: Comparison) -> None:
    with pytest.raises(ParameterError, match="give a power of two, such as 1024"):
        sensitivity.sobol(constant, constant.chosen, 1000)


def test_ten_inputs_by_1024_take_less_than_a_second(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    known = sensitivity.inputs(comparison, comparison.chosen)[:10]
    sensitivity.sobol(comparison, comparison.chosen, 64, known=known)  # SALib is imported
    times = []
    for _ in range(3):
        start = time.perf_counter()
        sensitivity.sobol(comparison, comparison.chosen, 1024, known=known)
        times.append(time.perf_counter() - start)
    assert min(times) < 1


@pytest.mark.slow
def test_the_deciding_input_is_found(catalog: Catalog, comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["payments-br"]
    found = sensitivity.decisive(comparison, sensitivity.inputs(comparison, comparison.chosen))
    changing = set(found.loc[found["changes_choice"], "input"])
    assert "workload.decision_s" in changing
    assert not changing & set(sensitivity.CHANCE)
    # known to be quick, people let a cheaper strategy through; asked directly, the comparison agrees
    row = found.set_index("input").loc["workload.decision_s"]
    decided = comparison.workload.operations.model_copy(update={"decision_s": _certain(row["low"])})
    quick = compare_topologies(comparison.workload.model_copy(update={"operations": decided}), catalog, samples=4000)
    assert quick.chosen.topology_id == row["choice_if_low"] != comparison.chosen.topology_id


@pytest.mark.slow
def test_one_call_gives_all_three_and_their_tables(comparisons: Mapping[str, Comparison]) -> None:
    found = sensitivity.analyse(comparisons["small-saas"], base=64)
    assert set(found.sobol["output"]) == {"rto_s", "rpo_s", "total_usd"}
    assert found.evaluations == 64 * (len(found.tornado) + 2)
    table = recovery_report.drivers(found)
    assert set(table["of"]) == {"RTO", "RPO", "total cost"}
    assert 3 <= len(table) <= 15
    assert found.changing() == list(found.decisive.loc[found.decisive["changes_choice"], "input"])
    recovery_report.decisive(found)


def test_a_rate_that_is_known_is_the_rate_of_the_years(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["small-saas"]
    rates = [one for one in sensitivity.inputs_of_all(comparison) if one.name == "rate.region_loss"]
    certain = rates[0]._replace(low=0.0, high=50.0)
    again = sensitivity.decisive(comparison, [certain]).iloc[0]
    alone = sensitivity.decisive(comparison, [certain._replace(low=50.0)]).iloc[0]
    # fifty losses a year, whether or not another rate was asked before
    assert again["least_total_if_high"] == alone["least_total_if_high"] == alone["least_total_if_low"]
    assert again["least_total_if_low"] != again["least_total_if_high"]
    # 1.96 sqrt(0.9 x 0.1 / 4,000), a little more by Agresti and Coull
    assert again["p_error"] == pytest.approx(0.0093, abs=0.0002)


def test_salib_is_not_imported_before_it_is_used() -> None:
    import subprocess
    import sys

    code = "import sys, drkit; drkit.sensitivity.analyse; sys.exit(bool({'SALib', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Replays ------------------------------------------------------------------------------------------------------------


def _run(
    phases: list[tuple[str, float, float]], *steps: tuple[str, str, float]
) -> dict[str, tuple[float, float, float]]:
    planned = [Step(name, tuple(after.split()), np.array([seconds])) for name, after, seconds in steps]
    broken = [replay.Phase(plane, start, end, "", "", "") for plane, start, end in phases]
    starts, ends, waited = replay.run(planned, broken)
    return {name: (float(starts[name][0]), float(ends[name][0]), float(waited[name][0])) for name in ends}


def test_a_step_that_needs_a_broken_control_plane_waits_for_it() -> None:
    found = _run(
        [("route53", 0, 1000)],
        ("decide", "", 100),
        ("restore_database", "decide", 50),
        ("verify", "restore_database", 10),
    )
    assert found == {"decide": (0, 100, 0), "restore_database": (1000, 1050, 900), "verify": (1050, 1060, 0)}


def test_a_step_that_was_under_way_begins_again() -> None:
    found = _run([("route53", 120, 1000)], ("decide", "", 100), ("restore_database", "decide", 50))
    assert found["restore_database"] == (1000, 1050, 900)


def test_a_step_that_ends_before_or_starts_after_is_not_held() -> None:
    found = _run([("route53", 150, 1000)], ("decide", "", 100), ("restore_database", "decide", 50))
    assert found["restore_database"] == (100, 150, 0)
    late = _run([("route53", 0, 100)], ("decide", "", 100), ("restore_database", "decide", 50))
    assert late["restore_database"] == (100, 150, 0)


def test_a_step_that_needs_nothing_of_us_east_1_runs_on() -> None:
    found = _run([("route53", 0, 1e5), ("iam", 0, 1e5)], ("decide", "", 100), ("promote_database", "decide", 50))
    assert found["promote_database"] == (100, 150, 0)


def test_one_broken_plane_after_another_holds_a_step_twice() -> None:
    found = _run([("iam", 0, 300), ("s3_buckets", 200, 900)], ("create_stack", "", 50))
    assert found["create_stack"] == (900, 950, 900)


@pytest.fixture(scope="module")
def replays(comparisons: Mapping[str, Comparison]) -> dict[str, replay.Replay]:
    return {event: replay.replay(comparisons["article"], event) for event in replay.events()}


def test_the_three_outages_last_as_long_as_aws_says(replays: Mapping[str, replay.Replay]) -> None:
    # 09:37 to 13:54; 07:30 to 14:22; 23:48 to 14:20
    minutes = {"2017-02-28": 4 * 60 + 17, "2021-12-07": 6 * 60 + 52, "2025-10-20": 14 * 60 + 32}
    assert {event: found.lasted_s / 60 for event, found in replays.items()} == minutes


def test_what_each_outage_blocked(replays: Mapping[str, replay.Replay]) -> None:
    blocked = {event: {one.label: set(one.blocked) for one in found.strategies} for event, found in replays.items()}
    ready = ("pilot_light", "warm_standby", "hot_standby", "active_active")
    for event, by_strategy in blocked.items():
        assert all(not by_strategy[name] for name in ready), event
        assert "create_stack" in by_strategy["backup_restore"], event
    # without Route 53's control plane no database instance gets its name
    assert blocked["2021-12-07"]["pilot_light_headless"] == {"add_database_instance"}
    assert not blocked["2017-02-28"]["pilot_light_headless"]


def test_who_would_have_been_back_before_the_region(replays: Mapping[str, replay.Replay]) -> None:
    for event, found in replays.items():
        by_label = {one.label: one for one in found.strategies}
        assert set(by_label["single_region"].back_s) == {np.float32(found.lasted_s)}, event
        for label in ("pilot_light", "warm_standby", "hot_standby", "active_active"):
            assert by_label[label].failed_over == 1, (event, label)
            assert by_label[label].back_s.max() < 2 * 3600
        for one in found.strategies:
            assert (one.back_s <= found.lasted_s).all()
            assert (one.lost_s[one.back_s >= found.lasted_s] == 0).all()
    assert {e: f.frame().set_index("strategy").loc["backup_restore", "failed_over"] for e, f in replays.items()} == {
        "2017-02-28": 0,
        "2021-12-07": 0,
        "2025-10-20": 1,
    }


def test_minute_by_minute_the_probability_of_service_rises_to_one(replays: Mapping[str, replay.Replay]) -> None:
    for found in replays.values():
        minutes = found.minutes()
        assert list(minutes.index[:3]) == [0, 1, 2]
        assert (minutes.diff().dropna() >= 0).all().all()
        assert (minutes.iloc[0] == 0).all()
        assert (minutes.iloc[-1] == 1).all()


def test_an_outage_that_is_not_known_and_a_workload_elsewhere_are_refused(
    comparisons: Mapping[str, Comparison],
) -> None:
    with pytest.raises(ParameterError, match="did you mean 2021-12-07"):
        replay.replay(comparisons["article"], "2021-12-08")
    with pytest.raises(ParameterError, match="eu-shop runs in eu-central-1"):
        replay.replay(comparisons["eu-shop"], "2021-12-07")
    assert "struck us-east-1" in str(recovery_report.outage(comparisons["eu-shop"], "2021-12-07"))


def test_every_phase_of_a_replay_has_a_source(replays: Mapping[str, replay.Replay]) -> None:
    for found in replays.values():
        assert all(phase.source and phase.basis and phase.what and phase.from_s < phase.to_s for phase in found.phases)


# Workloads that lack something --------------------------------------------------------------------------------------

VARIANTS: dict[str, dict[str, object]] = {
    "without a database": {"database": None},
    "without any data": {"database": None, "cache": None, "buckets": [], "cloudfront": None},
    "without a zone": {"dns": Dns()},
    "with free outages": {"costs": Costs(outage_usd_per_hour=_certain(0), data_loss_usd_per_hour=_certain(5))},
    "with own rates": {"assumptions": {"region_loss_per_year": _certain(0), "outage_duration_h": _certain(2)}},
    "with one region": {"strategies": ["single_region"]},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_every_table_and_picture_can_be_made(name: str, catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    from drkit import figures

    changes = dict(VARIANTS[name])
    workload = workloads["article"]
    limits: dict[str, object] = {"failover_regions": ["us-east-2", "us-west-2"]}
    if "strategies" in changes:
        limits["strategies"] = changes.pop("strategies")
    changes["objectives"] = workload.objectives.model_copy(update=limits)
    comparison = compare_topologies(workload.model_copy(update=changes), catalog, samples=1000)
    for tell in (
        recovery_report.answer,
        recovery_report.rates,
        recovery_report.durations,
        recovery_report.ownership,
        recovery_report.least_total,
        recovery_report.waits,
        recovery_report.break_even,
        recovery_report.well_architected,
        recovery_report.steps,
        recovery_report.error,
    ):
        assert tell(comparison) is not None
    found = sensitivity.analyse(comparison, base=32)
    assert figures.tornado(comparison, found).axes
    assert figures.wait_or_fail_over(comparison).axes
    assert figures.break_even(comparison).axes
    assert figures.outage_replay(comparison, "2021-12-07").axes


def test_the_least_total_cost_is_told_beside_the_choice(comparisons: Mapping[str, Comparison]) -> None:
    for comparison in comparisons.values():
        told = str(recovery_report.least_total(comparison))
        least = min(comparison.options, key=lambda o: value.ownership(comparison, o).total_usd)
        assert (least.topology_id in told) or least is comparison.chosen
        assert f"{value.ownership(comparison, least).total_usd:,.0f} USD a year" in told
