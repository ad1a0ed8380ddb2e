"""The design space: what it holds, what it leaves out, and that its arrays say what one topology at a time says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from brute_force import beaten_by_none
from click.testing import CliRunner

from drkit.bill.biller import Biller
from drkit.choice.comparison import Comparison
from drkit.choice.judgement import Judge
from drkit.cli import main
from drkit.errors import ParameterError, UnsupportedError
from drkit.facts.catalog import Catalog
from drkit.facts.prices import ON_DEMAND
from drkit.facts.support import SERVERLESS
from drkit.files.bundled import terraform_dir
from drkit.recovery.simulation import Simulator
from drkit.report.space import shortlist
from drkit.space import grid as space_grid
from drkit.space import tables as space_tables
from drkit.space.ranges import Ranges
from drkit.space.space import Space, design_space
from drkit.space.tables import code_type
from drkit.tfvars import stack_values
from drkit.tfvars.declarations import misfits, read_declarations
from drkit.tfvars.rules import broken
from drkit.topology.enumeration import enumerate_topologies
from drkit.topology.strategies import LIVE_DATA
from drkit.workload.model import Workload, fargate_sells

BUNDLED = ("article", "eu-shop", "media-house", "payments-br", "small-saas")
SAMPLES = 2_000


@pytest.fixture(scope="module")
def spaces(catalog: Catalog, workloads: Mapping[str, Workload]) -> Mapping[str, Space]:
    return {name: design_space(workloads[name], catalog, samples=SAMPLES) for name in BUNDLED}


@pytest.fixture(scope="module")
def small(catalog: Catalog, workloads: Mapping[str, Workload]) -> Space:
    """Few enough rows to look at each."""
    return design_space(
        workloads["article"],
        catalog,
        samples=SAMPLES,
        failover_regions=["us-east-2", "us-west-2"],
        db_classes=["db.r6g.large", "db.r7g.large"],
        db_instances=2,
        cache_node_types="cache.m6g.large",
        db_purchases=["on_demand", "reserved_1y_no_upfront"],
        cache_purchases="on_demand",
    )


# The arrays against one at a time -----------------------------------------------------------------------------------


def check_rows(space: Space, rows: list[int], catalog: Catalog) -> None:
    """Compare rows with code that knows no arrays: a biller, a simulator and a judge for each primary region."""
    frame = space.rows.__class__(space, np.array(rows, dtype=np.int64)).frame()
    simulators: dict[str, Simulator] = {}
    judge = Judge(space.workload.objectives)
    biller = Biller(space.workload, catalog, space.assumptions)
    for row in rows:
        topology, told = space.topology(row), frame.loc[row]
        bill = biller.bill(topology)
        home = topology.primary_region
        if home not in simulators:
            moved = space.workload.model_copy(update={"region": home})
            simulators[home] = Simulator(moved, catalog, space.assumptions, space.seed, space.samples)
        recovery = simulators[home].recover(topology)
        judged = judge(recovery)
        at = topology.topology_id
        assert told.monthly_usd == bill.monthly_usd, at
        assert told.one_off_usd == bill.one_off_usd, at
        for name in ("rto_p50_s", "rto_p95_s", "rpo_p50_s", "rpo_p95_s", "p_meets_rto", "p_meets_rpo"):
            assert told[name] == getattr(judged, name), (at, name)
        assert told.expected_yearly_loss_usd == round(recovery.expected_yearly_loss_usd, 2), at
        assert told.meets_objectives == (not judge.misses(judged, bill.monthly_usd)), at
        assert told.strategy == topology.strategy
        assert (told.primary_region, told.failover_region) == (home, topology.failover_region)
        assert (told.headless, told.architecture) == (topology.headless, topology.architecture)
        assert told.db_class == topology.primary.database_class
        assert told.db_instances_primary == topology.primary.database_instances
        assert told.db_instances_failover == (topology.failover.database_instances if topology.failover else 0)
        assert told.cache_node_type == topology.primary.cache_node_type
        assert told.tasks_primary == sum(count for *_, count in topology.primary.tasks)
        assert told.tasks_failover == sum(count for *_, count in (topology.failover.tasks if topology.failover else ()))


def test_arrays_equal_the_bill_to_the_cent_and_the_recovery_to_the_second(small: Space, catalog: Catalog) -> None:
    check_rows(small, list(small.sample(40, seed=4)), catalog)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_arrays_equal_one_at_a_time_for_a_thousand_topologies(
    spaces: Mapping[str, Space], catalog: Catalog, name: str
) -> None:
    """200 of each bundled workload."""
    check_rows(spaces[name], list(spaces[name].sample(200, seed=11)), catalog)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_arrays_equal_one_at_a_time_where_ranges_are_wide(
    catalog: Catalog, workloads: Mapping[str, Workload], name: str
) -> None:
    """Larger and smaller, serverless, and another primary region where data may lie there."""
    workload = workloads[name]
    home = workload.region
    away = (
        "eu-west-1" if workload.objectives.residency == ["EU"] else "us-east-2" if home != "us-east-2" else "us-east-1"
    )
    acu = [{"min": 0.5, "average": 12.0, "max": 64.0}, {"min": 8.0, "average": 12.0, "max": 128.0}]
    ranges = {"smaller": True, "headroom": 3.0, "primary_regions": [home, away], "failover_regions": [home, away]}
    space = design_space(workload, catalog, samples=SAMPLES, acu=acu, **ranges)
    check_rows(space, list(space.sample(100, seed=5)), catalog)


@pytest.mark.slow
def test_all_costs_at_once_are_the_costs_of_the_rows(spaces: Mapping[str, Space]) -> None:
    for space in spaces.values():
        rows = space.sample(1_000, seed=2)
        index = np.asarray(rows.index)
        assert (space.monthly_usd()[index] == rows.array("monthly_usd")).all()
        assert (space.recovery_codes()[index] == rows.recovery_codes()).all()
        assert (space.rows.array("rto_p95_s")[index] == rows.array("rto_p95_s")).all()


@pytest.mark.parametrize(("recoveries", "kind"), [(1, "int16"), (32_768, "int16"), (32_769, "int32")])
def test_recoveries_are_numbered_in_as_few_bytes_as_hold_them(recoveries: int, kind: str) -> None:
    assert np.array([recoveries - 1]).astype(code_type(recoveries)).tolist() == [recoveries - 1]
    assert np.dtype(code_type(recoveries)).name == kind


def test_more_recoveries_than_two_bytes_number_are_the_same_recoveries(
    small: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (space_grid, space_tables):
        monkeypatch.setattr(module, "code_type", lambda _: np.int32)
    wide = Space(small.workload, small.catalog, small.ranges, small.seed, small.samples)
    assert wide.recovery_codes().dtype == wide.rows.head(3).recovery_codes().dtype == np.int32
    assert (wide.recovery_codes() == small.recovery_codes()).all()
    assert list(wide.frontier().index) == list(small.frontier().index)


def test_a_sum_of_a_half_cent_is_rounded_alike_in_both() -> None:
    from drkit.bill.lines import to_usd

    micro = [5_000, 15_000, 1_234_995_000, 4_999]
    assert [to_usd(one) for one in micro] == [0.01, 0.02, 1235.0, 0.0]
    assert to_usd(np.array(micro)).tolist() == [0.01, 0.02, 1235.0, 0.0]


# What is in it ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_large_bundled_workloads_have_a_million_topologies(spaces: Mapping[str, Space]) -> None:
    assert len(spaces["article"]) > 1_000_000
    assert len(spaces["payments-br"]) > 1_000_000


def test_every_topology_of_the_comparison_whose_sizes_are_in_range_is_in_the_space(
    small: Space, catalog: Catalog
) -> None:
    """12 for each of the two regions and storage types, and today's in both storage types."""
    wanted = {
        one.topology_id
        for one in enumerate_topologies(small.workload, catalog, small.assumptions)
        if not one.rejected_because and one.failover_region in ("", "us-east-2", "us-west-2")
    }
    assert len(wanted) == 2 + 2 * 2 * 12
    found = {small.topology(row).topology_id for row in small.rows}
    assert len(found) == len(small)
    assert wanted <= found


def test_every_row_is_another_topology(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    bought = ["on_demand", "reserved_1y_no_upfront"]
    small = design_space(
        workloads["article"],
        catalog,
        samples=SAMPLES,
        failover_regions="us-west-2",
        db_classes="db.r6g.large",
        cache_node_types=["cache.m6g.large", "cache.r6g.large"],
        db_purchases=bought,
        cache_purchases=bought,
    )
    names = ["strategy", "primary_region", "failover_region", "headless", "replication_time_control", "db_class"]
    names += [
        "db_storage_type",
        "db_instances_primary",
        "db_min_acu",
        "db_average_acu",
        "db_max_acu",
        "db_purchase",
        "cache_node_type",
    ]
    names += ["cache_replicas", "cache_purchase", "architecture", "task_scale", "compute_purchase"]
    frame = small.frame(*names, "committed_in_failover")
    assert not frame.duplicated().any()
    # Where nothing is committed, it makes no difference where.
    nothing = (frame[["db_purchase", "cache_purchase", "compute_purchase"]] == ON_DEMAND).all(axis=1)
    assert frame.loc[nothing, "committed_in_failover"].all()
    assert not frame.loc[~nothing, "committed_in_failover"].all()


@pytest.mark.slow
def test_nothing_illegal_is_in_it(spaces: Mapping[str, Space], catalog: Catalog) -> None:
    """Each combination of strategy, regions and classes that occurs, asked of the support rules one at a time."""
    support = catalog.support
    for space in spaces.values():
        workload = space.workload
        database, cache, objectives = workload.database, workload.cache, workload.objectives
        names = ("strategy", "primary_region", "failover_region", "db_class", "cache_node_type")
        met = {pair for piece in space.rows.chunks(*names) for pair in piece.drop_duplicates().itertuples(index=False)}
        assert met
        for strategy, primary, failover, db_class, node_type in met:
            regions = [primary, failover] if failover else [primary]
            assert primary != failover
            assert failover in ("", *(objectives.failover_regions or [failover]))
            assert all(catalog.regions[region].may_hold(objectives.residency) for region in regions)
            for service, part, name in (("aurora", database, db_class), ("elasticache", cache, node_type)):
                for region in regions if part else ():
                    if strategy in LIVE_DATA:
                        assert support.replicable(service, part.engine, part.version, name, region), (name, region)
                    assert support.sold(service, part.engine, name, region), (name, region)
            if strategy == "active_active" and database:
                assert support.forwards_writes(database.engine, database.version)
            if strategy == "backup_restore" and cache:
                assert cache.rebuildable
        for choice in space.tables.choices.computes:
            assert all(fargate_sells(*size) for size in choice.task_sizes)


@pytest.mark.slow
def test_what_is_left_out_is_told_with_its_reason(small: Space, spaces: Mapping[str, Space]) -> None:
    refused = spaces["payments-br"].refused()
    reasons = refused.loc[refused["strategy"] == "backup_restore", "reason"]
    assert reasons.str.startswith("the cache holds data that cannot be rebuilt").any()
    gaps = small.refused()
    assert (
        gaps["reason"]
        .str.contains("no price for AmazonRDS instance/aurora-postgresql/db.r6g.large/standard in us-e")
        .any()
    )
    assert not gaps.duplicated().any()


@pytest.mark.slow
def test_nothing_is_smaller_than_today_unless_asked(spaces: Mapping[str, Space], catalog: Catalog) -> None:
    for name, space in spaces.items():
        assert not any(piece["smaller_than_today"].any() for piece in space.rows.chunks("smaller_than_today")), name
    space = design_space(
        spaces["small-saas"].workload, catalog, smaller=True, samples=SAMPLES, db_storage_types="standard"
    )
    smaller = space.where("smaller_than_today")
    assert 0 < len(smaller) < len(space)
    sizes = [f"{part}_{what}_vs_today" for part in ("db", "cache") for what in ("vcpu", "memory")]
    assert (smaller.frame(*sizes, "task_scale").min(axis=1) < 1).all()  # it runs one instance and no replica today


def test_as_many_tasks_run_as_carry_what_runs_today(small: Space) -> None:
    """Six tasks of 1 vCPU are three of 2; two workers of 0.5 are one of 1."""
    row = small.where("task_scale == 2 and strategy == 'hot_standby'").index[0]
    topology = small.topology(int(row))
    assert [count for *_, count in topology.primary.tasks] == [3, 1]
    assert topology.primary.task_sizes == ((2, 4), (1, 2))
    assert "app-server has 3 tasks of 2 vCPU and 4 GiB instead of 6 tasks of 1 vCPU and 2 GiB" in topology.changes


def test_serverless_ranges_are_told_apart_and_raised_once(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    """Aurora wants 8 ACU in a global database: the range from 2 is that from 8 there, so it occurs in one region only."""
    acu = [{"min": 2.0, "average": 4.0, "max": 16.0}, {"min": 8.0, "average": 8.0, "max": 16.0}]
    acu.append({"min": 2.0, "average": 8.0, "max": 16.0})
    ranges = {
        "acu": acu,
        "db_classes": SERVERLESS,
        "failover_regions": "us-east-2",
        "cache_node_types": "cache.m6g.large",
    }
    space = design_space(workloads["article"], catalog, samples=SAMPLES, **ranges)
    counts = space.frame("strategy", "db_min_acu").groupby("strategy", observed=True)["db_min_acu"].unique()
    assert sorted(counts["single_region"]) == [2, 8]
    assert sorted(counts["hot_standby"]) == [8]
    hot = space.where("strategy == 'hot_standby'")
    assert sorted(set(hot.array("db_average_acu"))) == [4, 8]  # of the two averages of 8 one is left
    assert len({space.topology(row).topology_id for row in hot}) == len(hot)
    changes = space.topology(int(space.where("strategy == 'hot_standby'").index[0])).changes
    assert "database moves from db.r6g.large to db.serverless" in changes


def test_another_primary_region_is_timed_and_priced_there(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    ranges = {"primary_regions": ["us-east-1", "us-west-2"], "failover_regions": ["us-east-1", "us-west-2"]}
    space = design_space(workloads["article"], catalog, samples=SAMPLES, db_classes="db.r6g.large", **ranges)
    moved = space.where("primary_region == 'us-west-2' and failover_region == 'us-east-1'")
    assert len(moved)
    topology = space.topology(int(moved.index[0]))
    assert topology.changes[0] == "the system moves from us-east-1 to us-west-2"
    assert ".from-us-west-2" in topology.topology_id
    check_rows(space, list(moved.sample(5)), catalog)
    with pytest.raises(ParameterError, match="has its primary region in us-west-2"):
        space.comparison(moved.head(1))


def test_today_may_lie_outside_the_ranges(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    ranges = {"primary_regions": "us-west-2", "failover_regions": "us-east-2", "db_classes": "db.r7g.large"}
    space = design_space(workloads["article"], catalog, samples=SAMPLES, **ranges)
    frame = space.sample(3).frame("monthly_usd", "extra_monthly_usd")
    today = space.today.bill.monthly_usd
    assert space.today.topology_id == "single_region.us-east-1.standard.x86_64"
    assert list(frame["extra_monthly_usd"]) == list((frame["monthly_usd"] - today).round(2))


def test_a_space_too_large_to_hold_can_be_sampled(
    catalog: Catalog, workloads: Mapping[str, Workload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drkit.space.grid._MOST_ROWS", 1_000)
    space = design_space(workloads["media-house"], catalog, samples=SAMPLES)
    assert len(space.sample(5).frame()) == 5
    with pytest.raises(ParameterError, match="10,592 topologies are too many to look at each: narrow the ranges"):
        space.monthly_usd()


# A table to filter --------------------------------------------------------------------------------------------------


def test_it_is_a_table_to_filter_like_any_other(small: Space) -> None:
    frame = small.frame()
    assert frame.index.name == "row"
    assert isinstance(frame["strategy"].dtype, pd.CategoricalDtype)
    assert frame.memory_usage(index=False).sum() / len(frame) < 200
    picked = frame[(frame["strategy"] == "warm_standby") & (frame["monthly_usd"] < 2_500)]
    same = small.where("strategy == 'warm_standby' and monthly_usd < 2500")
    assert list(picked.index) == list(same.index)
    assert small.bill(picked.index[0]).monthly_usd == picked["monthly_usd"].iloc[0]
    assert (frame["extra_monthly_usd"] == (frame["monthly_usd"] - small.today.bill.monthly_usd).round(2)).all()


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("headless", lambda f: f.headless),
        ("not headless and replication_time_control", lambda f: ~f.headless & f.replication_time_control),
        ("strategy in ['pilot_light', 'hot_standby']", lambda f: f.strategy.isin(["pilot_light", "hot_standby"])),
        ("1500 < monthly_usd < 1500 * 1.2", lambda f: (f.monthly_usd > 1500) & (f.monthly_usd < 1800)),
        ("failover_region == '' or rto_p95_s < 3600", lambda f: (f.failover_region == "") | (f.rto_p95_s < 3600)),
        ("meets_objectives == False", lambda f: ~f.meets_objectives),
        ("monthly_usd < 0", lambda f: f.monthly_usd < 0),
    ],
)
def test_conditions_are_those_of_pandas(small: Space, condition: str, kept: object) -> None:
    frame = small.frame()
    assert list(small.where(condition).index) == list(frame.index[kept(frame)])  # type: ignore[operator]


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("monthly_cost < 3", "there is no column 'monthly_cost': did you mean monthly_usd"),
        ("strategy == 'warm_stanby'", "strategy is never 'warm_stanby': did you mean warm_standby"),
        ("monthly_usd == 'dear'", "monthly_usd is never 'dear': it holds figures"),
        ("monthly_usd", "is no condition: compare a column with something"),
        ("monthly_usd <", "cannot be read"),
        ("1 == 1", "names no column"),
        ("strategy < 3", "where: strategy holds names: compare it with == or in"),
        ("'pilot_light' <= strategy", "where: strategy holds names: compare it with == or in"),
        ("0 < monthly_usd < 9 and db_class >= 'db.r6g.large'", "where: db_class holds names: compare it with == or in"),
        ("monthly_usd + 'a' > 3", "cannot be worked out"),
        ("__import__('os').remove('x')", "has more than columns, figures"),
        ("strategy.str.len() > 3", "has more than columns, figures"),
    ],
)
def test_a_wrong_condition_is_told_in_a_sentence(small: Space, condition: str, told: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(told)):
        small.where(condition)


def test_samples_are_the_same_for_the_same_seed(small: Space) -> None:
    rows = small.sample(50, seed=3)
    assert list(rows.index) == sorted(set(rows.index))
    assert list(rows.index) == list(small.sample(50, seed=3).index)
    assert list(rows.index) != list(small.sample(50, seed=4).index)
    assert len(small.sample(0)) == 0
    with pytest.raises(ParameterError, match="a sample of 100,000 rows cannot be taken"):
        small.sample(100_000)


@pytest.mark.parametrize("row", [-1, 10**9])
def test_a_row_that_is_not_there_is_told(small: Space, row: int) -> None:
    with pytest.raises(ParameterError, match=f"row {row}: rows are 0 to"):
        small.topology(row)


# Choices ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_cheapest_that_meets_the_objectives_is_what_a_table_finds(spaces: Mapping[str, Space]) -> None:
    space = spaces["small-saas"]
    frame = space.frame("monthly_usd", "expected_yearly_loss_usd", "meets_objectives")
    order = frame[frame["meets_objectives"]].sort_values(["monthly_usd", "expected_yearly_loss_usd"], kind="stable")
    assert list(space.rows.meeting().cheapest(7).index) == list(order.index[:7])
    assert len(space.rows.meeting()) == frame["meets_objectives"].sum()


@pytest.mark.slow
def test_the_best_recovery_within_a_budget_is_what_a_table_finds(spaces: Mapping[str, Space]) -> None:
    space = spaces["small-saas"]
    frame = space.frame("monthly_usd", "rto_p95_s", "rpo_p95_s")
    order = frame[frame["monthly_usd"] <= 900].sort_values(["rto_p95_s", "rpo_p95_s", "monthly_usd"], kind="stable")
    assert list(space.rows.within(900).best_recovery(3).index) == list(order.index[:3])


def test_the_frontier_is_what_brute_force_finds(small: Space) -> None:
    names = ["monthly_usd", "rto_p95_s", "rpo_p95_s", "expected_yearly_loss_usd"]
    points = small.frame(*names).to_numpy()
    found = small.frontier()
    assert sorted(found.index) == list(np.flatnonzero(beaten_by_none(points)))
    costs = found.array("monthly_usd")
    assert (costs[1:] >= costs[:-1]).all()
    two = small.rows.frontier("rto_p95_s")
    assert sorted(two.index) == list(np.flatnonzero(beaten_by_none(points[:, :2])))
    with pytest.raises(ParameterError, match="the frontier is over monthly_usd and columns of"):
        small.rows.frontier("db_class")


def test_no_rows_have_no_frontier_and_an_empty_table(small: Space) -> None:
    none = small.where("monthly_usd < 0")
    assert len(none.frontier()) == len(none.cheapest()) == len(none.best_recovery()) == len(none.meeting()) == 0
    assert none.frame().shape == (0, len(none.names))


def test_a_shortlist_is_a_comparison(small: Space) -> None:
    """Whatever works on a comparison (named choices, figures, reports, tfvars) works on rows of the space."""
    comparison = small.comparison(small.frontier())
    assert comparison.today.topology_id == "single_region.us-east-1.standard.x86_64"
    assert comparison.today.bill.monthly_usd == small.today.bill.monthly_usd
    assert {*small.frontier().array("monthly_usd")} <= {option.bill.monthly_usd for option in comparison.options}
    assert len(comparison.named) >= 3
    with pytest.raises(ParameterError, match="are too many to compare one by one"):
        small.comparison(range(5_000))


def test_a_shortlist_reads_in_words(small: Space) -> None:
    rows = small.where("headless and task_scale == 2 and db_purchase == 'reserved_1y_no_upfront'").cheapest(2)
    table = shortlist(rows)
    assert list(table["row"]) == list(rows.index)
    assert table["runs"][0] == "2 x db.r6g.large; cache.m6g.large, 1 replica; 4 tasks on x86_64"
    # only us-east-1 has prices of reserved databases
    assert table["also"][0] == "headless; database reserved for 1 year, no upfront in us-east-1"
    assert table["objectives"][0] == "missed"
    html = rows._repr_html_()
    assert f"<p>2 of {len(small):,} topologies of article</p>" in html
    assert all(f"<th>{name}</th>" in html for name in ("strategy", "monthly_usd", "rto_p95_s", "meets_objectives"))
    assert small.where("monthly_usd < 0")._repr_html_() == f"<p>0 of {len(small):,} topologies of article</p>"


# tfvars -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_tfvars_carry_every_size(spaces: Mapping[str, Space], catalog: Catalog, name: str) -> None:
    """The stack takes them, and they say what the row says."""
    space, stack = spaces[name], read_declarations(terraform_dir())
    frame = space.sample(15, seed=8).frame()
    for row, told in frame.iterrows():
        values = stack_values.stack_values(space.topology(row), space.workload, catalog)
        assert [*misfits(values, stack), *broken(values)] == []
        assert values["strategy"] == told.strategy
        database, cache = values["database"], values["cache"]
        if database:
            assert database["instance_class"] == told.db_class
            assert database["storage_type"] == told.db_storage_type
            assert values["primary"]["database_instances"] == told.db_instances_primary
            assert (database["serverless_min_acu"] or 0) == told.db_min_acu
            assert (database["serverless_max_acu"] or 0) == max(told.db_max_acu, told.db_min_acu)
        if cache:
            assert cache["node_type"] == told.cache_node_type
            assert values["primary"]["cache_replicas_per_shard"] == told.cache_replicas
        services = values["services"].values()
        today = [service.vcpu for service in space.workload.services]
        assert [one["cpu_units"] for one in services] == [told.task_scale * vcpu * 1024 for vcpu in today]
        assert sum(one["primary_tasks"] for one in services) == told.tasks_primary
        assert sum(one["failover_tasks"] for one in services) == told.tasks_failover


def test_a_row_becomes_the_tfvars_of_an_option(small: Space) -> None:
    option = small.option(int(small.where("task_scale == 2 and strategy == 'warm_standby'").cheapest().index[0]))
    comparison: Comparison = small.comparison([])
    text = stack_values.tfvars_text(comparison, option, "2026-11-25")
    assert f"{option.bill.monthly_usd:,.2f} USD" in text
    assert "cpu_units = 2048" in re.sub(" +", " ", text)


# Wrong input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ranges", "told"),
    [
        ({"db_clases": "x"}, "there is no range 'db_clases': did you mean db_classes?"),
        ({"db_classes": "db.r6g.lrge"}, "db_classes: 'db.r6g.lrge' is not a class of the snapshot; did you mean"),
        ({"db_classes": "db.t4g.medium"}, "is smaller than what runs today (2 vCPU, 16 GiB): set smaller"),
        ({"db_classes": "cache.m6g.large"}, "cache.m6g.large is a class of another service"),
        ({"db_classes": []}, "db_classes is empty: name a value, or leave it out"),
        ({"db_classes": "db.serverless"}, "db.serverless needs acu with min, average and max"),
        ({"db_instances": 1}, "db_instances: 1 is smaller than today's 2: set smaller"),
        ({"db_instances": 99}, "db_instances is 99: give a number of at most 15"),
        ({"acu": {"min": 1.0}}, "acu.average is missing: give min, average and max"),
        ({"acu": {"min": 9.0, "average": 2.0, "max": 4.0}}, "min must not be above average"),
        ({"strategies": "warm"}, "strategies is 'warm': allowed are 'single_region', 'backup_restore'"),
        ({"primary_regions": "us-est-1"}, "primary_regions: 'us-est-1' is not an AWS region of the snapshot"),
        ({"primary_regions": "me-central-1"}, "primary_regions: the snapshot has no prices for me-central-1"),
        ({"failover_regions": "us-east-1"}, "failover_regions is only us-east-1, the primary region: name another"),
        ({"task_scales": 3}, "task_scales: at 3 Fargate does not sell all of 3 vCPU with 6 GiB"),
        ({"task_scales": 0.5}, "are smaller than today's: set smaller"),
        ({"architectures": "arm64"}, "no service can move to arm64"),
        ({"db_purchases": "reserved_2y"}, "db_purchases is 'reserved_2y': How Aurora is bought: on_demand"),
        ({"headroom": 0.5}, "headroom is 0.5: give a number of at least 1"),
        ({"smaller": "yes"}, "smaller is 'yes': give true or false"),
    ],
)
def test_a_wrong_range_is_told_in_a_sentence(
    catalog: Catalog, workloads: Mapping[str, Workload], ranges: dict[str, object], told: str
) -> None:
    with pytest.raises(ParameterError, match=re.escape(told)):
        design_space(workloads["article"], catalog, **ranges)


def test_a_range_of_what_the_workload_has_not_is_refused(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    with pytest.raises(ParameterError, match="cache_replicas: workload media-house has no cache"):
        design_space(workloads["media-house"], catalog, cache_replicas=2)


def test_ranges_in_which_nothing_is_legal_are_told_with_the_reason(
    catalog: Catalog, workloads: Mapping[str, Workload]
) -> None:
    told = r"no topology of article .* is legal: the snapshot has no price for AmazonRDS"
    bought = {"db_purchases": "database_savings_plan_1y_no_upfront", "failover_regions": "us-east-2"}
    with pytest.raises(UnsupportedError, match=told):
        design_space(workloads["article"], catalog, **bought)


# Command ------------------------------------------------------------------------------------------------------------


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(
        main, ["space", "article", "--samples", "500", "-r", "failover_regions", "us-east-2", *words]
    )
    return done.exit_code, done.stdout, done.stderr


def test_the_command_prints_the_frontier_as_programs_read_it(
    catalog: Catalog, workloads: Mapping[str, Workload]
) -> None:
    code, out, err = run("--frontier", "--format", "json", "--limit", "3")
    space = design_space(workloads["article"], catalog, samples=500, failover_regions="us-east-2")
    rows = json.loads(out)
    assert code == 0
    assert [row["row"] for row in rows] == list(space.frontier().index[:3])
    assert rows[0]["rpo_p95_s"] == "everything"
    assert err == f"{len(space.frontier()):,} of {len(space):,} topologies kept, the 3 cheapest printed\n"


def test_the_command_filters_by_a_condition_and_a_range() -> None:
    code, out, err = run("--where", "strategy == 'hot_standby'", "-r", "db_classes", "[db.r6g.large]", "--limit", "2")
    assert code == 0
    assert out.count("hot_standby") == 2
    assert "topologies kept" in err


def test_no_row_is_no_table() -> None:
    code, out, err = run("--meeting")  # article asks for an RPO of nothing at all
    assert (code, out) == (0, "")
    assert err.startswith("0 of ")


def test_the_help_names_every_range() -> None:
    told = CliRunner().invoke(main, ["space", "--help"]).stdout
    assert [name for name in Ranges.model_fields if name not in told] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--where", "strategy == 'x'"), "Error: where: strategy is never 'x'"),
        (("-r", "db_clases", "1"), "Error: there is no range 'db_clases'"),
        (("-r", "db_classes", "[a"), "Error: -r db_classes '[a' cannot be read"),
    ],
)
def test_wrong_input_of_the_command_ends_with_a_sentence_and_2(words: tuple[str, ...], told: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith(told)
    assert "Traceback" not in err
