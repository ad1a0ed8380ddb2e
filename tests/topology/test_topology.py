"""Topologies: what each strategy runs where, and why a region or a strategy is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from drkit.choice.comparison import Comparison
from drkit.errors import WorkloadError
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.tfvars.stack_values import stack_values
from drkit.topology.enumeration import enumerate_topologies
from drkit.topology.strategies import STRATEGIES
from drkit.topology.topology import Topology
from drkit.workload import file as workload_file
from drkit.workload.model import Workload

BASE = """\
name: probe
region: {region}
services:
  - {{name: web, tasks: 10, vcpu: 1, memory_gib: 2, architecture: x86_64, arm64_ready: {ready}}}
  - {{name: mail, tasks: 1, vcpu: 0.5, memory_gib: 1, architecture: {second}}}
load_balancer: {{new_connections_per_second: 1, active_connections: 1, processed_gib_per_hour: 1}}
{database}
{cache}
buckets:
  - {{name: files, storage_gib: 1, objects: 1, replicate: {replicate}}}
network: {{zones: {zones}, nat_gateways: {nat}, interface_endpoints: [{endpoints}]}}
operations: {{decision_s: 60}}
objectives: {{rpo_s: 60, rto_s: 60{objectives}}}
costs: {{outage_usd_per_hour: 1, data_loss_usd_per_hour: 1}}
{rest}
"""

DEFAULTS = {
    "region": "us-east-1",
    "ready": "false",
    "second": "x86_64",
    "database": "database: {engine: aurora-postgresql, version: '16.4', class: db.r6g.large, instances: 3, storage_gib: 9,"
    " reads_per_second: 1, writes_per_second: 1}",
    "cache": "cache: {engine: redis, version: '7.1', node_type: cache.m6g.large, shards: 2, replicas_per_shard: 2}",
    "replicate": "true",
    "zones": "3",
    "nat": "per_zone",
    "endpoints": "logs, ecr.api",
    # few regions, so that the many small tests stay quick
    "objectives": ", failover_regions: [me-central-1, us-east-2, us-west-1]",
    "rest": "",
}


def _workload(**parts: str) -> Workload:
    return workload_file.parse(BASE.format(**(DEFAULTS | parts)))


def _topologies(catalog: Catalog, workload: Workload) -> list[Topology]:
    return list(enumerate_topologies(workload, catalog, Assumptions(catalog.snapshot, workload.assumptions)))


def _first(topologies: list[Topology], strategy: str, region: str = "us-east-2") -> Topology:
    return next(t for t in topologies if t.strategy == strategy and t.failover_region in (region, ""))


@pytest.fixture(scope="module")
def probe(catalog: Catalog) -> list[Topology]:
    return _topologies(catalog, _workload())


@pytest.fixture(scope="module")
def every(comparisons: Mapping[str, Comparison]) -> dict[str, list[Topology]]:
    return {
        name: [*(option.topology for option in comparison.options), *comparison.rejected]
        for name, comparison in comparisons.items()
    }


def test_the_first_topology_is_todays(every: dict[str, list[Topology]], workloads: Mapping[str, Workload]) -> None:
    for name, topologies in every.items():
        today = topologies[0]
        assert today.strategy == "single_region"
        assert today.failover is None
        assert today.changes == ()
        assert today.primary.region == workloads[name].region
        assert [count for *_, count in today.primary.tasks] == [s.tasks for s in workloads[name].services]


def test_all_six_strategies_are_considered(every: dict[str, list[Topology]]) -> None:
    for name, topologies in every.items():
        assert {t.strategy for t in topologies} == set(STRATEGIES), name


def test_every_topology_has_its_own_name(every: dict[str, list[Topology]]) -> None:
    for name, topologies in every.items():
        ids = [t.topology_id for t in topologies]
        assert len(ids) == len(set(ids)), name


def test_every_other_commercial_region_is_considered_or_refused(
    catalog: Catalog, every: dict[str, list[Topology]], workloads: Mapping[str, Workload]
) -> None:
    for name, topologies in every.items():
        regions = {t.failover_region for t in topologies if t.failover_region}
        assert regions == {region.code for region in catalog.regions.commercial()} - {workloads[name].region}


# What stands in the failover region, by strategy: tasks of the two services, load balancer, NAT gateways, interface
# endpoints, database cluster and instances, cache group and replicas a shard, share of the traffic.
SITES = {
    "backup_restore": ((0, 0), False, 0, 0, False, 0, False, 0.0),
    "pilot_light": ((0, 0), True, 1, 0, True, 1, True, 0.0),
    # a quarter of 10 and of 1, rounded up
    "warm_standby": ((3, 1), True, 1, 2, True, 1, True, 0.0),
    "hot_standby": ((10, 1), True, 3, 2, True, 3, True, 0.0),
    "active_active": ((10, 1), True, 3, 2, True, 3, True, 0.5),
}
REPLICAS = {"pilot_light": 1, "warm_standby": 1, "hot_standby": 2, "active_active": 2}


@pytest.mark.parametrize("strategy", SITES)
def test_each_strategy_runs_in_the_failover_region_what_its_name_says(strategy: str, probe: list[Topology]) -> None:
    site = _first(probe, strategy).failover
    assert site is not None
    assert (
        tuple(count for *_, count in site.tasks),
        site.load_balancer,
        site.nat_gateways,
        len(site.interface_endpoints),
        site.database_cluster,
        site.database_instances,
        site.cache_group,
        site.traffic_share,
    ) == SITES[strategy]
    if strategy in REPLICAS:
        assert site.cache_replicas_per_shard == REPLICAS[strategy]
    assert (site.role, site.region, site.zones) == ("failover", "us-east-2", 3)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_primary_region_stays_as_it_is_but_for_its_share_of_traffic(strategy: str, probe: list[Topology]) -> None:
    site = _first(probe, strategy).primary
    assert [count for *_, count in site.tasks] == [10, 1]
    assert (site.nat_gateways, site.database_instances, site.cache_replicas_per_shard) == (3, 3, 2)
    assert site.traffic_share == (0.5 if strategy == "active_active" else 1.0)


def test_shares_of_traffic_add_up_to_one(every: dict[str, list[Topology]]) -> None:
    for topologies in every.values():
        for topology in topologies:
            assert sum(site.traffic_share for site in topology.sites) == 1.0


def test_a_headless_pilot_light_has_a_cluster_without_instance(probe: list[Topology]) -> None:
    headless = [t for t in probe if t.headless]
    assert {t.strategy for t in headless} == {"pilot_light"}
    for topology in headless:
        assert topology.failover is not None
        assert topology.failover.database_cluster
        assert topology.failover.database_instances == 0
        assert topology.replicates_database


def test_live_strategies_replicate_and_backups_do_not(probe: list[Topology]) -> None:
    for strategy in STRATEGIES:
        topology = _first(probe, strategy)
        live = strategy not in ("single_region", "backup_restore")
        assert topology.replicates_database is live
        assert topology.replicates_cache is live


def test_own_fraction_sizes_the_warm_standby(catalog: Catalog) -> None:
    workload = _workload(rest="assumptions: {warm_standby_fraction: 0.5}")
    site = _first(_topologies(catalog, workload), "warm_standby").failover
    assert site is not None
    assert [count for *_, count in site.tasks] == [5, 1]


def test_alarms_are_those_of_the_stack(probe: list[Topology]) -> None:
    # two of the load balancer, one of the database, one of the cache
    assert _first(probe, "single_region").primary.alarms == 4
    for strategy, count in (("backup_restore", 0), ("pilot_light", 4), ("active_active", 4)):
        site = _first(probe, strategy).failover
        assert site is not None
        assert site.alarms == count
    headless = next(t for t in probe if t.headless).failover
    assert headless is not None
    assert headless.alarms == 3


def test_variants_are_storage_architecture_headless_and_time_control(catalog: Catalog) -> None:
    topologies = [t for t in _topologies(catalog, _workload(ready="true")) if t.failover_region == "us-east-2"]
    count = {strategy: sum(t.strategy == strategy for t in topologies) for strategy in STRATEGIES[1:]}
    # 2 storage types x 2 architectures x with and without time control; a pilot light also headless
    assert count == {
        "backup_restore": 8,
        "pilot_light": 16,
        "warm_standby": 8,
        "hot_standby": 8,
        "active_active": 8,
    }


def test_without_a_database_or_a_replicated_bucket_there_is_less_to_vary(catalog: Catalog) -> None:
    topologies = _topologies(catalog, _workload(database="", cache="", replicate="false"))
    of_pair = [t for t in topologies if t.failover_region == "us-east-2"]
    assert [t.strategy for t in of_pair] == list(STRATEGIES[1:])
    assert not any(t.headless or t.replication_time_control or t.rejected_because for t in of_pair)


def test_services_move_only_where_they_are_ready(catalog: Catalog) -> None:
    topologies = _topologies(catalog, _workload(ready="true"))
    moved = next(t for t in topologies if "services move to arm64" in t.changes)
    assert [(name, arch) for name, arch, _ in moved.primary.tasks] == [("web", "arm64"), ("mail", "x86_64")]
    assert moved.architecture == "mixed"


def test_mixed_services_that_move_in_part_keep_their_own_name(catalog: Catalog) -> None:
    topologies = _topologies(catalog, _workload(ready="true", second="arm64"))
    labels = {t.architecture for t in topologies}
    assert labels == {"mixed", "arm64"}
    assert len({t.topology_id for t in topologies}) == len(topologies)


def test_what_changes_today_is_said(every: dict[str, list[Topology]]) -> None:
    topology = _first(every["small-saas"], "pilot_light")
    assert topology.changes == (
        # (0.26 - 0.073) USD/h x 730 h
        "database steps up from db.t4g.medium to db.r6g.large (+136.51 USD a month for each instance)",
        # (0.1192 - 0.0256) USD/h x 730 h
        "cache steps up from cache.t4g.small to cache.m6g.large (+68.33 USD a month for each node)",
    )
    assert topology.primary.database_class == "db.r6g.large"
    optimized = next(t for t in every["article"] if t.storage_type == "io_optimized")
    assert optimized.changes == ("Aurora storage becomes I/O-Optimized",)


def test_backups_alone_need_no_step_up(every: dict[str, list[Topology]]) -> None:
    topology = _first(every["small-saas"], "backup_restore")
    assert topology.changes == ()
    assert topology.primary.database_class == "db.t4g.medium"
    assert topology.primary.cache_node_type == "cache.t4g.small"


def test_data_bound_to_the_union_never_leaves_it(catalog: Catalog, every: dict[str, list[Topology]]) -> None:
    legal = {t.failover_region for t in every["eu-shop"] if t.failover_region and not t.rejected_because}
    assert legal == {"eu-north-1", "eu-west-1", "eu-west-3"}
    for topology in every["eu-shop"]:
        if topology.failover_region == "eu-west-2":
            assert topology.rejected_because == "eu-west-2 lies in United Kingdom, outside EU"
        if topology.failover_region == "us-east-1":
            assert topology.rejected_because == "us-east-1 lies in United States, outside EU"


def test_a_home_outside_the_residency_is_said(catalog: Catalog) -> None:
    workload = _workload(objectives=", residency: [EU]")
    with pytest.raises(WorkloadError, match="us-east-1"):
        _topologies(catalog, workload)


def test_regions_not_asked_for_are_refused_with_the_reason(every: dict[str, list[Topology]]) -> None:
    for topology in every["media-house"]:
        if topology.failover_region == "eu-west-1":
            assert topology.rejected_because == "eu-west-1 is not among the objectives' failover_regions"
    legal = {t.failover_region for t in every["media-house"] if t.failover_region and not t.rejected_because}
    assert legal == {"us-east-1", "us-west-1", "us-west-2", "ca-central-1"}


def test_regions_without_prices_are_refused_with_the_reason(probe: list[Topology]) -> None:
    for topology in probe:
        if topology.failover_region == "me-central-1":
            assert topology.rejected_because == "the snapshot has no prices for me-central-1"


def test_strategies_not_asked_for_are_left_out_but_today_stays(catalog: Catalog) -> None:
    topologies = _topologies(catalog, _workload(objectives=", strategies: [hot_standby]"))
    assert {t.strategy for t in topologies} == {"single_region", "hot_standby"}


def test_active_active_without_write_forwarding_is_refused(catalog: Catalog) -> None:
    database = DEFAULTS["database"].replace("16.4", "15.3")
    topologies = _topologies(catalog, _workload(database=database))
    refused = _first(topologies, "active_active").rejected_because
    assert refused.startswith("active/active needs write forwarding")
    assert refused.count("needs") == 1
    assert "15.4+" in refused
    assert "not 15.3" in refused
    assert not _first(topologies, "hot_standby").rejected_because


def test_a_version_below_the_floor_leaves_backups_alone(catalog: Catalog) -> None:
    database = DEFAULTS["database"].replace("16.4", "16.0")
    topologies = _topologies(catalog, _workload(database=database))
    for strategy in STRATEGIES[2:]:
        assert "not 16.0" in _first(topologies, strategy).rejected_because
    assert not _first(topologies, "backup_restore").rejected_because


def test_a_cache_that_cannot_be_rebuilt_rules_backups_out(every: dict[str, list[Topology]]) -> None:
    assert "cannot be rebuilt" in _first(every["payments-br"], "backup_restore", "us-east-1").rejected_because
    assert "cannot be rebuilt" in _first(every["eu-shop"], "backup_restore", "eu-west-1").rejected_because
    assert not _first(every["article"], "backup_restore").rejected_because


def test_a_region_with_two_zones_takes_two(catalog: Catalog, probe: list[Topology]) -> None:
    for strategy, gateways in (("warm_standby", 1), ("hot_standby", 2)):
        site = _first(probe, strategy, "us-west-1").failover
        assert site is not None
        assert (site.zones, site.nat_gateways) == (2, gateways)


def test_more_zones_than_the_region_has_are_refused(catalog: Catalog) -> None:
    with pytest.raises(WorkloadError, match=r"network\.zones is 3: us-west-1 has 2"):
        _topologies(catalog, _workload(region="us-west-1"))
    assert _topologies(catalog, _workload(region="us-west-1", zones="2"))


def test_without_nat_the_standby_reaches_aws_through_endpoints(catalog: Catalog) -> None:
    workload = _workload(nat="none", endpoints="logs, ecr.api, ecr.dkr")
    site = _first(_topologies(catalog, workload), "pilot_light").failover
    assert site is not None
    assert site.nat_gateways == 0
    assert site.interface_endpoints == ("logs", "ecr.api", "ecr.dkr")


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"region": "us-east-9"}, "'us-east-9' is not an AWS region of the snapshot; did you mean"),
        ({"region": "me-central-1"}, "the snapshot has prices for ap-northeast-1, "),
        (
            {"database": DEFAULTS["database"].replace("db.r6g.large", "db.r6g.huge")},
            "database.class: 'db.r6g.huge' is not a class of the snapshot",
        ),
        (
            {"cache": DEFAULTS["cache"].replace("cache.m6g.large", "cache.m6g.larg")},
            "cache.node_type: 'cache.m6g.larg' is not a class of the snapshot; did you mean cache.m6g.large",
        ),
        ({"objectives": ", failover_regions: [us-east-99]"}, "objectives.failover_regions: 'us-east-99'"),
        (
            {"nat": "none"},
            "network.nat_gateways is none: tasks then need interface_endpoints for ecr.dkr, or they cannot pull an image",
        ),
        (
            {"nat": "none", "endpoints": ""},
            "network.nat_gateways is none: tasks then need interface_endpoints for ecr.api, ecr.dkr, logs, or they",
        ),
    ],
)
def test_a_system_that_cannot_exist_today_is_refused(parts: dict[str, str], sentence: str, catalog: Catalog) -> None:
    with pytest.raises(WorkloadError) as caught:
        _topologies(catalog, _workload(**parts))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("workload probe: ")


def test_everything_wrong_with_today_is_said_at_once(catalog: Catalog) -> None:
    workload = _workload(
        region="us-east-9",
        database=DEFAULTS["database"].replace("db.r6g.large", "db.r6g.huge"),
        objectives=", failover_regions: [us-east-99]",
    )
    with pytest.raises(WorkloadError) as caught:
        _topologies(catalog, workload)
    assert len(str(caught.value).splitlines()) == 3


def test_serverless_below_the_recommended_capacity_is_raised_where_it_is_replicated(catalog: Catalog) -> None:
    database = DEFAULTS["database"].replace("class: db.r6g.large", "acu: {min: 2, average: 4, max: 6}")
    workload = _workload(database=database)
    topologies = _topologies(catalog, workload)
    for strategy in STRATEGIES:
        topology = _first(topologies, strategy)
        live = strategy not in ("single_region", "backup_restore")
        raised = ("Serverless v2 capacity starts at 8 ACU instead of 2",) if live else ()
        forwarded = ("writes from us-east-2 are forwarded to us-east-1",) if strategy == "active_active" else ()
        assert topology.changes == raised + forwarded
        assert [site.serverless_min_acu for site in topology.sites if site.database_cluster] == (
            [8, 8] if live else [2]
        )
        assert topology.primary.database_class == "db.serverless"
        asked = stack_values(topology, workload, catalog)["database"]
        assert isinstance(asked, dict)
        # the most cannot be below the least
        assert (asked["serverless_min_acu"], asked["serverless_max_acu"]) == ((8, 8) if live else (2, 6))
    assert _first(topologies, "pilot_light").notes == ()


def test_serverless_above_the_recommended_capacity_stays(catalog: Catalog) -> None:
    database = DEFAULTS["database"].replace("class: db.r6g.large", "acu: {min: 9.5, average: 12, max: 16}")
    workload = _workload(database=database)
    topology = _first(_topologies(catalog, workload), "hot_standby")
    assert topology.changes == ()
    asked = stack_values(topology, workload, catalog)["database"]
    assert isinstance(asked, dict)
    assert (asked["serverless_min_acu"], asked["serverless_max_acu"]) == (9.5, 16)


@pytest.mark.parametrize(
    ("shards", "replicas", "standby", "full"),
    [
        # one shard without replica does not fail over by itself, and needs none elsewhere
        (1, 0, 0, 0),
        (1, 1, 1, 1),
        (1, 3, 1, 3),
        # cluster mode always fails over by itself
        (2, 0, 1, 1),
        (2, 2, 1, 2),
    ],
)
def test_a_cache_that_fails_over_by_itself_has_a_replica_in_each_region(
    shards: int, replicas: int, standby: int, full: int, catalog: Catalog
) -> None:
    cache = DEFAULTS["cache"].replace(
        "shards: 2, replicas_per_shard: 2", f"shards: {shards}, replicas_per_shard: {replicas}"
    )
    topologies = _topologies(catalog, _workload(cache=cache))
    for strategy in ("pilot_light", "warm_standby", "hot_standby", "active_active"):
        topology = _first(topologies, strategy)
        assert topology.failover is not None
        expected = full if strategy in ("hot_standby", "active_active") else standby
        assert topology.failover.cache_replicas_per_shard == expected, strategy
        assert topology.primary.cache_replicas_per_shard == replicas


def test_active_active_forwards_writes_of_the_database_and_says_that_a_cache_cannot(
    probe: list[Topology], catalog: Catalog
) -> None:
    def forwards(topology: Topology, workload: Workload) -> object:
        database = stack_values(topology, workload, catalog)["database"]
        assert isinstance(database, dict)
        return database["write_forwarding"]

    for strategy in STRATEGIES:
        topology = _first(probe, strategy)
        both = strategy == "active_active"
        assert forwards(topology, _workload()) is both
        assert ("writes from us-east-2 are forwarded to us-east-1" in topology.changes) is both
        assert bool(topology.notes) is both
    promotes = "automation promotes the other region without asking anybody"
    found, note = _first(probe, "active_active").notes
    assert found == promotes
    assert "services in us-east-2 read the cache there" in note
    assert "to us-east-1: Global Datastore forwards no writes" in note
    without = _first(_topologies(catalog, _workload(cache="")), "active_active")
    assert without.notes == (promotes,)
    assert _first(_topologies(catalog, _workload(database="")), "active_active").changes == ()


def test_rejected_topologies_all_have_a_reason_and_keep_their_shape(every: dict[str, list[Topology]]) -> None:
    for topologies in every.values():
        for topology in topologies:
            if topology.rejected_because:
                assert topology.failover is not None
                assert topology.failover.region == topology.failover_region
