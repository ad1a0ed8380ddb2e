"""Bills: sums, roles, free allowances, and what stands on them by strategy. Amounts by hand are in test_bill_by_hand."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from drkit.bill.biller import Biller
from drkit.bill.lines import Bill, Line, total
from drkit.choice.comparison import Comparison
from drkit.choice.options import Option
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.topology.enumeration import enumerate_topologies
from drkit.workload import file as workload_file
from drkit.workload.model import Workload

NAMES = ("article", "eu-shop", "media-house", "payments-br", "small-saas")


def _option(comparison: Comparison, topology_id: str) -> Option:
    return next(option for option in comparison.options if option.topology_id == topology_id)


def _bill(catalog: Catalog, workload: Workload, topology_id: str) -> Bill:
    assumptions = Assumptions(catalog.snapshot, workload.assumptions)
    topologies = enumerate_topologies(workload, catalog, assumptions)
    topology = next(t for t in topologies if t.topology_id == topology_id and not t.rejected_because)
    return Biller(workload, catalog, assumptions).bill(topology)


def _changed(name: str, *edits: tuple[str, str]) -> Workload:
    text = workload_file.bundled()[name].read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return workload_file.parse(text)


def _sum(bill: Bill, **wanted: str) -> float:
    return math.fsum(line.monthly_usd for line in bill.lines if all(getattr(line, k) == v for k, v in wanted.items()))


def _quantity(bill: Bill, role: str, item: str) -> float:
    return math.fsum(line.quantity for line in bill.lines if (line.role, line.item) == (role, item))


@pytest.mark.parametrize("name", NAMES)
def test_lines_add_up_to_the_comparison_to_the_cent(name: str, comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons[name]
    by_id = comparison.frame().set_index("topology_id")["monthly_usd"]
    assert len(comparison.options) > 90
    for option in comparison.options:
        summed = round(math.fsum(line.monthly_usd for line in option.bill.lines), 2)
        assert summed == option.bill.monthly_usd == by_id[option.topology_id]


@pytest.mark.parametrize("name", NAMES)
def test_lines_add_up_to_the_cent_after_a_round_trip_through_csv(
    name: str, comparisons: Mapping[str, Comparison]
) -> None:
    for option in comparisons[name].options[:: max(1, len(comparisons[name].options) // 12)]:
        text = option.bill.frame().to_csv(index=False)
        rows = list(csv.DictReader(io.StringIO(text)))
        assert list(rows[0]) == [name for name in Line._fields if name != "purchase"]
        assert round(math.fsum(float(row["monthly_usd"]) for row in rows), 2) == option.bill.monthly_usd
        products = math.fsum(float(row["quantity"]) * float(row["unit_usd"]) for row in rows)
        assert products == pytest.approx(option.bill.monthly_usd, abs=0.006)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_quantity_times_the_price_of_one_row(
    name: str, comparisons: Mapping[str, Comparison], catalog: Catalog
) -> None:
    known = {
        (row[1], row[2], float(row[5]), row[9], row[4], row[10], row[11], row[12])
        for row in catalog.snapshot.tables["prices"]
    }
    for option in comparisons[name].options:
        for line in (*option.bill.lines, *option.bill.one_off):
            row = (line.item, line.region, line.unit_usd, line.sku, line.unit, line.as_of, line.source, line.basis)
            assert row in known, line
            assert abs(line.monthly_usd - line.quantity * line.unit_usd) <= 1e-6
            assert line.quantity > 0
            assert line.strategy == option.topology.strategy
            assert line.monthly_usd > 0 or line.item == "internet_egress"


@pytest.mark.parametrize("name", NAMES)
def test_a_lines_role_is_that_of_its_region(name: str, comparisons: Mapping[str, Comparison]) -> None:
    wrong = set()
    for option in comparisons[name].options:
        roles = {option.topology.primary_region: "primary", option.topology.failover_region: "failover"}
        for line in (*option.bill.lines, *option.bill.one_off):
            if line.role != roles.get(line.region, "global"):
                wrong.add((option.topology.strategy, line.role, line.component, line.item))
    assert wrong == set()


@pytest.mark.parametrize("name", NAMES)
def test_more_running_in_the_failover_region_costs_more(name: str, comparisons: Mapping[str, Comparison]) -> None:
    cost: dict[tuple[object, ...], dict[str, float]] = {}
    for option in comparisons[name].options:
        topology = option.topology
        if topology.failover and not topology.headless:
            variant = (
                topology.failover_region,
                topology.storage_type,
                topology.architecture,
                topology.replication_time_control,
            )
            cost.setdefault(variant, {})[topology.strategy] = option.bill.monthly_usd
    for by_strategy in cost.values():
        order = [by_strategy[s] for s in ("pilot_light", "warm_standby", "hot_standby") if s in by_strategy]
        assert order == sorted(order)


def test_headless_saves_the_instance_and_its_alarm(comparisons: Mapping[str, Comparison]) -> None:
    plain = _option(comparisons["article"], "pilot_light.us-east-2.standard.x86_64").bill
    headless = _option(comparisons["article"], "pilot_light.us-east-2.standard.x86_64.headless").bill
    # db.r6g.large for a month, and the alarm on its processors
    assert plain.monthly_usd - headless.monthly_usd == pytest.approx(730 * 0.26 + 0.1, abs=0.011)
    item = "cluster/global_replicated_write_io"
    assert _quantity(headless, "failover", item) == _quantity(plain, "failover", item) > 0


@pytest.mark.parametrize("storage", ["standard", "io_optimized"])
def test_replicated_writes_are_charged_with_either_storage(storage: str, comparisons: Mapping[str, Comparison]) -> None:
    bill = _option(comparisons["article"], f"hot_standby.us-east-2.{storage}.x86_64").bill
    # 120 writes/s
    assert _quantity(bill, "failover", "cluster/global_replicated_write_io") == pytest.approx(315.36)
    assert _quantity(bill, "primary", "cluster/io/standard") == (
        pytest.approx(1103.76) if storage == "standard" else 0.0
    )
    assert _quantity(bill, "failover", "cluster/io/standard") == 0.0


def test_time_control_charges_every_replicated_gib_once_more(comparisons: Mapping[str, Comparison]) -> None:
    plain = _option(comparisons["article"], "pilot_light.us-east-2.standard.x86_64").bill
    timed = _option(comparisons["article"], "pilot_light.us-east-2.standard.x86_64.rtc").bill
    # 46 GiB x 0.015
    assert timed.monthly_usd - plain.monthly_usd == pytest.approx(0.69, abs=0.011)


def test_a_single_region_pays_for_nothing_that_replicates(comparisons: Mapping[str, Comparison]) -> None:
    for comparison in comparisons.values():
        bill = comparison.today.bill
        assert {line.role for line in bill.lines} <= {"primary", "global"}
        assert not [line for line in bill.lines if "replic" in line.component or "health_check" in line.item]
        assert bill.one_off == ()


def test_backups_alone_run_nothing_in_the_failover_region(comparisons: Mapping[str, Comparison]) -> None:
    bill = _option(comparisons["article"], "backup_restore.us-east-2.standard.x86_64").bill
    components = {line.component for line in bill.lines if line.role == "failover"}
    assert components == {"backup", "storage", "security", "registry"}
    # 3 days of copies every 6 hours, each of 250 GiB; 4 a day for 730 / 24 days a month
    assert _quantity(bill, "failover", "cluster/backup") == 12 * 250
    assert _sum(bill, component="backup_copy") == pytest.approx(730 / 6 * 250 * 0.01, abs=1e-5)


@pytest.mark.parametrize(
    ("interval_hours", "copies"),
    # every 7 hours: 0, 7, 14 and 21 o'clock, then midnight again; every 5: 0, 5, 10, 15 and 20
    [(1, 24), (5, 5), (6, 4), (7, 4), (12, 2), (13, 2), (24, 1), (48, 0.5), (168, 1 / 7)],
)
def test_a_schedule_of_hours_starts_anew_at_midnight(interval_hours: int, copies: float, catalog: Catalog) -> None:
    workload = _changed("article", ("copy_interval_hours: 6", f"copy_interval_hours: {interval_hours}"))
    bill = _bill(catalog, workload, "backup_restore.us-east-2.standard.x86_64")
    # 3 days of copies are kept, 730 / 24 days of them are sent, each of 250 GiB
    assert _quantity(bill, "failover", "cluster/backup") == pytest.approx(3 * copies * 250)
    (sent,) = (line.quantity for line in bill.lines if line.component == "backup_copy")
    assert sent == pytest.approx(730 / 24 * copies * 250)


def test_both_clusters_and_both_caches_keep_backups_of_their_own(comparisons: Mapping[str, Comparison]) -> None:
    live = _option(comparisons["eu-shop"], "warm_standby.eu-west-1.standard.x86_64").bill
    for role in ("primary", "failover"):
        # 14 days x 2 % of 400 GiB; 3 snapshots of 6 GiB, one of them free
        assert _quantity(live, role, "cluster/backup") == pytest.approx(14 * 0.02 * 400)
        assert _quantity(live, role, "backup") == 2 * 6


def test_old_versions_are_kept_where_objects_are_replicated(catalog: Catalog) -> None:
    def kept(bill: Bill) -> dict[str, float]:
        name = "object_overwrite_fraction"
        return {line.role: line.quantity for line in bill.lines if line.assumption == name}

    workload = _changed("article", ("change_gib_per_month: 1\n", "change_gib_per_month: 1\n    replicate: false\n"))
    assert kept(_bill(catalog, workload, "single_region.us-east-1.standard.x86_64")) == {}
    # a fifth of what is written in a month, for 3 of 730 / 24 days; static-assets stay at home
    days = 3 / (730 / 24)
    found = kept(_bill(catalog, workload, "pilot_light.us-east-2.standard.x86_64"))
    assert found == pytest.approx({"primary": 46 * 0.2 * days, "failover": 45 * 0.2 * days})
    own = _changed("article", ("costs:", "assumptions: {object_overwrite_fraction: 0.5}\ncosts:"))
    found = kept(_bill(catalog, own, "backup_restore.us-east-2.standard.x86_64"))
    assert found == pytest.approx({"primary": 46 * 0.5 * days, "failover": 46 * 0.5 * days})


def test_old_versions_are_priced_above_what_is_stored_already(catalog: Catalog) -> None:
    workload = _changed("article", ("storage_gib: 600\n", "storage_gib: 51_195\n"), ("month: 45", "month: 1_000"))
    bill = _bill(catalog, workload, "pilot_light.us-east-2.standard.x86_64")
    # 51,199 GiB are stored: one GiB of old versions is left at the first price, of 1,001 x 0.2 x 3 / 30.4167 = 19.75
    assert [
        (line.unit_usd, round(line.quantity, 2))
        for line in bill.lines
        if line.role == "primary" and line.assumption == "object_overwrite_fraction"
    ] == [(0.023, 1.0), (0.022, 18.75)]


def test_active_active_splits_the_traffic_and_not_what_stands(comparisons: Mapping[str, Comparison]) -> None:
    hot = _option(comparisons["article"], "hot_standby.us-east-2.standard.x86_64").bill
    active = _option(comparisons["article"], "active_active.us-east-2.standard.x86_64").bill
    for item in ("alb/lcu", "nat_gateway/data_processed", "logs/ingest_standard", "standard/get"):
        assert _quantity(active, "primary", item) == _quantity(active, "failover", item)
        assert 2 * _quantity(active, "primary", item) == pytest.approx(_quantity(hot, "primary", item))
        assert _quantity(hot, "failover", item) == 0
    for item in ("fargate/linux_x86/vcpu", "alb/hour", "standard/put", "standard/storage"):
        assert _quantity(active, "failover", item) == _quantity(active, "primary", item)
    # 300 reads/s: half in each region; the one writer writes 120/s
    assert _quantity(active, "primary", "cluster/io/standard") == pytest.approx((150 + 120) * 2.628)
    assert _quantity(active, "failover", "cluster/io/standard") == pytest.approx(150 * 2.628)
    assert _quantity(active, "global", "latency_queries") == 12
    assert _quantity(active, "global", "standard_queries") == 0


def test_active_active_replicates_objects_both_ways(comparisons: Mapping[str, Comparison]) -> None:
    bill = _option(comparisons["payments-br"], "active_active.us-east-1.standard.arm64").bill
    sent = {
        (line.region, line.unit_usd): line.quantity for line in bill.lines if line.component == "storage_replication"
    }
    # 150 GiB, half from each side, each at its own region's price
    assert sent == {("sa-east-1", 0.138): 75.0, ("us-east-1", 0.02): 75.0}


def test_the_account_has_one_free_egress_allowance_whichever_region_uses_it(
    comparisons: Mapping[str, Comparison],
) -> None:
    bill = _option(comparisons["small-saas"], "active_active.us-east-2.standard.arm64").bill
    free = {line.role: line.quantity for line in bill.lines if line.item == "internet_egress" and not line.unit_usd}
    # 120 GiB, 60 from each region: 100 free for the account, 20 paid for
    assert sum(free.values()) == 100
    assert _sum(bill, component="egress") == pytest.approx(20 * 0.09)


def test_free_egress_used_up_at_home_leaves_none_elsewhere(comparisons: Mapping[str, Comparison]) -> None:
    bill = _option(comparisons["payments-br"], "active_active.us-east-1.standard.arm64").bill
    # 1,000 GiB each; 100 free in São Paulo at 0.15, all paid for in Virginia at 0.09
    assert _sum(bill, component="egress") == pytest.approx(900 * 0.15 + 1000 * 0.09)


def test_backups_are_free_when_kept_for_one_day_only(catalog: Catalog) -> None:
    workload = _changed("article", ("retention_days: 14", "retention_days: 1"))
    bill = _bill(catalog, workload, "single_region.us-east-1.standard.x86_64")
    assert _quantity(bill, "primary", "cluster/backup") == 0


def test_backups_never_cost_more_than_a_full_volume_a_day(catalog: Catalog) -> None:
    workload = _changed("article", ("writes_per_second:", "daily_change_fraction: 3\n  writes_per_second:"))
    bill = _bill(catalog, workload, "single_region.us-east-1.standard.x86_64")
    # AWS bills at most the volume for each day kept, the first of them free: 14 x 250 - 250
    assert 0 < _quantity(bill, "primary", "cluster/backup") <= 13 * 250


ACU = "cluster/serverless_v2_acu/standard"


def test_a_serverless_standby_idles_at_its_lowest_capacity(comparisons: Mapping[str, Comparison]) -> None:
    bill = _option(comparisons["eu-shop"], "warm_standby.eu-west-1.standard.x86_64").bill
    assert _quantity(bill, "primary", ACU) == 2 * 14 * 730
    assert _quantity(bill, "failover", ACU) == 1 * 8 * 730


def test_a_serverless_standby_idles_also_when_there_is_one_instance_only(catalog: Catalog) -> None:
    workload = _changed("eu-shop", ("instances: 2", "instances: 1"))
    bill = _bill(catalog, workload, "warm_standby.eu-west-1.standard.x86_64")
    assert _quantity(bill, "primary", ACU) == 14 * 730
    assert _quantity(bill, "failover", ACU) == 8 * 730


def test_serverless_starts_at_eight_units_where_it_is_replicated(catalog: Catalog) -> None:
    workload = _changed("eu-shop", ("acu: {min: 8, average: 14, max: 64}", "acu: {min: 2, average: 4, max: 64}"))
    today = _bill(catalog, workload, "single_region.eu-central-1.standard.x86_64")
    # 2 instances at 4 units on average
    assert _quantity(today, "primary", ACU) == 2 * 4 * 730
    live = _bill(catalog, workload, "warm_standby.eu-west-1.standard.x86_64")
    # a global database never falls below 8 units
    assert _quantity(live, "primary", ACU) == 2 * 8 * 730
    assert _quantity(live, "failover", ACU) == 1 * 8 * 730


def test_what_rests_on_an_assumption_says_which(comparisons: Mapping[str, Comparison]) -> None:
    bill = _option(comparisons["article"], "pilot_light.us-east-2.standard.x86_64").bill
    assert {(line.component, line.assumption) for line in bill.lines if line.assumption} == {
        ("registry", "image_versions"),
        ("database_replication", "aurora_redo_bytes_per_write_io"),
        # the workload says neither how much of its volume changes nor how often images are pushed
        ("backup", "daily_change_fraction"),
        ("image_replication", "image_pushes_per_month"),
        ("storage", "object_overwrite_fraction"),
    }
    own = _option(comparisons["payments-br"], "pilot_light.us-east-1.standard.arm64").bill
    assert {line.assumption for line in own.lines if line.component == "database_replication"} == {""}


def test_tasks_of_a_warm_standby_rest_on_its_fraction(catalog: Catalog) -> None:
    workload = _changed("article", ("tasks: 2", "tasks: 1"))
    bill = _bill(catalog, workload, "warm_standby.us-east-2.standard.x86_64")
    found = {
        (line.role, line.item, line.quantity): line.assumption for line in bill.lines if line.component == "compute"
    }
    # a quarter of 6 tasks, rounded up, is 2 tasks of 1 vCPU and 2 GiB; the only worker runs in full
    assert found == {
        ("primary", "fargate/linux_x86/vcpu", 6 * 730): "",
        ("primary", "fargate/linux_x86/memory", 6 * 2 * 730): "",
        ("primary", "fargate/linux_x86/vcpu", 0.5 * 730): "",
        ("primary", "fargate/linux_x86/memory", 730): "",
        ("failover", "fargate/linux_x86/vcpu", 2 * 730): "warm_standby_fraction",
        ("failover", "fargate/linux_x86/memory", 2 * 2 * 730): "warm_standby_fraction",
        ("failover", "fargate/linux_x86/vcpu", 0.5 * 730): "",
        ("failover", "fargate/linux_x86/memory", 730): "",
    }


def test_figures_that_the_workload_leaves_out_are_assumed_and_named(catalog: Catalog) -> None:
    text = workload_file.bundled()["article"].read_text(encoding="utf-8")
    name = "pilot_light.us-east-2.standard.x86_64"

    def lines(workload: Workload) -> dict[str, tuple[float, str]]:
        wanted = {"private_storage", "cluster/backup"}
        return {
            line.component: (pytest.approx(line.quantity), line.assumption)
            for line in _bill(catalog, workload, name).lines
            if line.component == "image_replication" or (line.role == "primary" and line.item in wanted)
        }

    # two images of 0.5 GiB in 10 versions; 20 pushes of half of them; 14 x 2 % of 250 GiB change
    assert lines(workload_file.parse(text.replace("    image_gib: 0.8\n", ""))) == {
        "registry": (10.0, "image_versions image_gib"),
        "image_replication": (10.0, "image_pushes_per_month image_gib"),
        "backup": (70.0, "daily_change_fraction"),
    }
    # one image of 0.8 GiB is known, the other assumed
    assert lines(workload_file.parse(text.replace("    image_gib: 0.8\n", "", 1))) == {
        "registry": (13.0, "image_versions image_gib"),
        "image_replication": (13.0, "image_pushes_per_month image_gib"),
        "backup": (70.0, "daily_change_fraction"),
    }
    given = text.replace("  logs_gib_per_month:", "  image_pushes_per_month: 30\n  logs_gib_per_month:")
    given = given.replace("  managed_rpo_s:", "  daily_change_fraction: 0.1\n  managed_rpo_s:")
    # 30 pushes of 0.8 GiB; 14 x 10 % of 250 GiB
    assert lines(workload_file.parse(given)) == {
        "registry": (16.0, "image_versions"),
        "image_replication": (24.0, ""),
        "backup": (350.0, ""),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_bill_does_not_depend_on_those_priced_before_it(name: str, comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons[name]
    for option in comparison.options[::7]:
        fresh = Biller(comparison.workload, comparison.catalog, comparison.assumptions)
        assert fresh.bill(option.topology) == option.bill


@pytest.mark.parametrize(
    ("field", "value"),
    [("region", "us-west-2"), ("zones", 3), ("nat_gateways", 1), ("traffic_share", 0.5), ("database_instances", 5)],
)
def test_sites_that_differ_in_one_field_are_priced_each_for_itself(
    field: str, value: object, comparisons: Mapping[str, Comparison]
) -> None:
    comparison = comparisons["article"]
    topology = comparison.today.topology
    site: dict[str, Any] = {field: value}
    other = replace(topology, primary=replace(topology.primary, **site))
    one, fresh = (Biller(comparison.workload, comparison.catalog, comparison.assumptions) for _ in range(2))
    assert one.bill(topology).lines != one.bill(other).lines == fresh.bill(other).lines


def test_a_share_of_what_is_not_observed_is_the_part_of_the_bill(comparisons: Mapping[str, Comparison]) -> None:
    bill = _option(comparisons["article"], "pilot_light.us-east-2.standard.x86_64").bill
    proxies = math.fsum(line.monthly_usd for line in bill.lines if not line.basis.startswith("observed"))
    assert bill.share_not_observed == pytest.approx(proxies / bill.monthly_usd, abs=1e-5)
    assert 0 < bill.share_not_observed < 1
    assert Bill((), ()).share_not_observed == 0


def test_own_assumptions_change_the_bill(catalog: Catalog) -> None:
    workload = _changed("article", ("costs:", "assumptions: {aurora_redo_bytes_per_write_io: 3000}\ncosts:"))
    bill = _bill(catalog, workload, "pilot_light.us-east-2.standard.x86_64")
    (redo,) = (x for x in bill.lines if x.component == "database_replication" and x.item == "inter_region")
    assert redo.quantity == pytest.approx(2 * 440.552831, abs=1e-4)


def test_lines_that_are_not_observed_are_told_apart(comparisons: Mapping[str, Comparison]) -> None:
    bill = _option(comparisons["article"], "pilot_light.us-east-2.standard.x86_64").bill
    assert {line.item for line in bill.not_observed} >= {"cluster/global_replicated_write_io", "secret"}
    assert all(not line.basis.startswith("observed") for line in bill.not_observed)


def test_a_total_does_not_depend_on_the_order_of_lines(comparisons: Mapping[str, Comparison]) -> None:
    lines = comparisons["payments-br"].chosen.bill.lines
    assert total(lines) == total(lines[::-1]) == total(sorted(lines))


def test_the_cost_by_column_adds_up_and_begins_with_the_dearest(comparisons: Mapping[str, Comparison]) -> None:
    bill = comparisons["article"].chosen.bill
    by = bill.by("role", "component")
    assert round(by["monthly_usd"].sum(), 2) == bill.monthly_usd
    assert list(by["monthly_usd"]) == sorted(by["monthly_usd"], reverse=True)


def test_a_plain_workload_has_a_bill_without_what_it_lacks(catalog: Catalog) -> None:
    workload = workload_file.parse(
        """
name: plain
region: us-east-1
services: [{name: web, tasks: 1, vcpu: 0.25, memory_gib: 0.5}]
load_balancer: {new_connections_per_second: 0, active_connections: 0, processed_gib_per_hour: 0}
network: {nat_gateways: none, interface_endpoints: [ecr.api, ecr.dkr, logs]}
operations: {decision_s: 1}
objectives: {rpo_s: 1, rto_s: 1}
costs: {outage_usd_per_hour: 0, data_loss_usd_per_hour: 0}
"""
    )
    bill = _bill(catalog, workload, "single_region.us-east-1.standard.x86_64")
    assert [(line.item, line.quantity, line.monthly_usd) for line in bill.lines] == [
        ("fargate/linux_x86/vcpu", 182.5, 7.3876),
        ("fargate/linux_x86/memory", 365.0, 1.622425),
        ("alb/hour", 730.0, 16.425),
        ("public_ipv4/in_use", 1460.0, 7.3),
        # without NAT: three endpoints in two zones at 0.01
        ("interface_endpoint/hour", 4380.0, 43.8),
        ("customer_managed_key", 1.0, 1.0),
        ("private_storage", 5.0, 0.5),
        ("alarm/standard", 2.0, 0.2),
    ]
    assert bill.monthly_usd == 78.24
