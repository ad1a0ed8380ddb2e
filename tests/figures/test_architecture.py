"""The drawing of a topology: every service of both regions, what is idle, what crosses, and nothing that overlaps."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from drkit import figures
from drkit.choice.compare import compare_topologies
from drkit.figures.architecture.blueprint import blueprint, spread
from drkit.space.space import design_space
from drkit.stats.draws import quantile_of
from drkit.topology.strategies import STRATEGIES
from drkit.words import span
from drkit.workload import file as workload_file

WORKLOADS = ("article", "eu-shop", "media-house", "payments-br", "small-saas")


def said(picture, gid):
    return [text.get_text() for text in picture.axes[0].texts if text.get_gid() == gid]


def shapes(picture, gid):
    return [artist for artist in picture.axes[0].get_children() if artist.get_gid() == gid]


def boxes(picture):
    """Every text of a picture with its box [pixel]."""
    picture.canvas.draw()  # legends find their place only then
    renderer = picture.canvas.get_renderer()
    texts = [*picture.texts, *picture.axes[0].texts, *(t for legend in picture.legends for t in legend.get_texts())]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text()]


def assert_clear(picture):
    """No text leaves the picture, or touches another one."""
    found = boxes(picture)
    for words, box in found:
        assert box.x0 >= 0 and box.y0 >= 0, words
        assert box.x1 <= picture.bbox.x1 and box.y1 <= picture.bbox.y1, words
    for (one, first), (other, second) in itertools.combinations(found, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert wide <= 0.5 or high <= 1.5, (one, other)


def options(comparison):
    """One option of each strategy, and the headless pilot light."""
    shown = [comparison.today, *comparison.strategies.values()]
    shown += [option for option in comparison.options if option.topology.headless][:1]
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKLOADS)
def test_no_text_of_any_strategy_overlaps_or_is_cut(name, comparisons):
    comparison = comparisons[name]
    for option in options(comparison):
        picture = figures.architecture(comparison, option)
        assert_clear(picture)
        # Words of a region stay in its frame, words of the gutter between the frames.
        renderer = picture.canvas.get_renderer()
        frames = [frame.get_window_extent(renderer) for frame in shapes(picture, "region")]
        for text in picture.axes[0].texts:
            box = text.get_window_extent(renderer)
            if text.get_gid() in ("lag", "lag basis", "share"):
                assert frames[0].x1 < box.x0 and box.x1 < frames[1].x0, text.get_text()
            elif text.get_gid() != "entry":
                assert any(frame.x0 < box.x0 and box.x1 < frame.x1 for frame in frames), text.get_text()


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_units_are_the_topologys_counts(strategy, comparisons):
    comparison = comparisons["article"]
    option = comparison.strategies.get(strategy, comparison.today)
    topology, picture = option.topology, figures.architecture(comparison, option)
    home, away = topology.primary, topology.failover
    drawn = Counter(artist.get_gid() for artist in picture.axes[0].get_children() if artist.get_gid())
    serving = bool(away and away.traffic_share)
    expected = {
        "service": (sum(n for *_, n in home.tasks), sum(n for *_, n in away.tasks) if away else 0),
        "database": (home.database_instances, away.database_instances if away else 0),
        "network": (home.nat_gateways, away.nat_gateways if away else 0),
        "cache": (2, (1 + away.cache_replicas_per_shard) * away.cache_group if away else 0),
    }
    for kind, (there, elsewhere) in expected.items():
        assert drawn[f"{kind} used"] == there + elsewhere * serving, kind
        assert drawn[f"{kind} idle"] == elsewhere * (away is not None and not serving), kind
    missing = sum(n for *_, n in home.tasks) - sum(n for *_, n in away.tasks) if away else 0
    assert drawn["service later"] == missing
    assert drawn["zone"] == home.zones + (away.zones if away else 0)
    assert drawn["region"] == 2
    assert_clear(picture)


def test_a_single_region_shows_that_nothing_lies_elsewhere(comparisons):
    comparison = comparisons["article"]
    picture = figures.architecture(comparison, comparison.today)
    assert "everything lies in us-east-1, and is lost with it" in picture.finding
    assert said(picture, "nothing") == [
        "Nothing lies in another region",
        f"rebuilt elsewhere in {span(comparison.today.judgement.rto_p50_s)} typically, assumed",
    ]
    assert not shapes(picture, "replication")
    assert said(picture, "share") == ["100 %"]


def test_arrows_carry_the_lag_of_the_assumptions_and_how_it_is_known(comparisons):
    comparison = comparisons["eu-shop"]
    picture = figures.architecture(comparison, comparison.strategies["warm_standby"])
    database = comparison.assumptions["database_lag_s"]
    middle, high = quantile_of(database, [0.5, 0.95])
    assert (database.typical, span(middle)) == (0.5, "0.5 s")
    assert said(picture, "lag")[0] == f"0.5 s, {span(high)} at 95 %"
    assert len(said(picture, "lag")) == len(shapes(picture, "replication")) == 4  # database, cache, bucket, registry
    assert set(said(picture, "lag basis")) == {"assumed"}


def test_a_measured_lag_is_called_the_users_own(comparisons, catalog):
    workload = comparisons["media-house"].workload
    own = workload.model_copy(update={"assumptions": {"database_lag_s": _certain(0.2)}})
    comparison = compare_topologies(own, catalog, samples=200)
    picture = figures.architecture(comparison, comparison.strategies["pilot_light"])
    assert said(picture, "lag")[0] == "0.2 s, 0.2 s at 95 %"
    assert said(picture, "lag basis")[0] == "own"


def _certain(seconds):
    from drkit.stats.quantity import Quantity

    return Quantity(low=seconds, typical=seconds, high=seconds)


def test_lag_never_exceeds_a_managed_rpo(comparisons, catalog):
    workload = comparisons["article"].workload
    slow = workload.model_copy(update={"assumptions": {"database_lag_s": _certain(90)}})
    comparison = compare_topologies(slow, catalog, samples=200)
    assert workload.database.managed_rpo_s == 20
    link = next(
        r for r in blueprint(comparison, comparison.strategies["hot_standby"]).rows if r.kind == "database"
    ).link
    assert link.lag == "20 s, 20 s at 95 %"


def test_backups_that_are_copied_say_how_often_and_how_old(comparisons):
    comparison = comparisons["article"]
    option = comparison.strategies["backup_restore"]
    picture = figures.architecture(comparison, option)
    lag, basis = said(picture, "lag")[-1], said(picture, "lag basis")[-1]
    assert lag == "copied every 6 h"
    assert basis == f"{span(option.judgement.rpo_p50_s)} old, {span(option.judgement.rpo_p95_s)} at 95 %, assumed"
    assert "created after a failover" in said(picture, "detail")
    assert "copies lie there, all else is built after a failover" in picture.finding
    assert not any(artist.get_gid() in ("database idle", "cache idle") for artist in picture.axes[0].get_children())


def test_what_is_idle_is_named(comparisons):
    comparison = comparisons["article"]
    option = next(o for o in comparison.options if o.topology.strategy == "warm_standby")
    plan = blueprint(comparison, option)
    assert plan.idle == [
        "load balancer",
        "2 tasks of app-server",
        "1 task of worker",
        "1 NAT gateway",
        "1 database instance",
        "2 cache nodes",
    ]
    assert plan.comes == ["4 tasks of app-server", "1 task of worker"]
    picture = figures.architecture(comparison, option)
    assert ", ".join(plan.idle) in picture.explanation
    assert "idle: runs, serves nobody" in [text.get_text() for text in picture.legends[0].get_texts()]


def test_a_headless_cluster_has_storage_and_no_instance(comparisons):
    comparison = comparisons["article"]
    option = next(o for o in comparison.options if o.topology.headless)
    picture = figures.architecture(comparison, option)
    assert len(shapes(picture, "database volume")) == 2
    assert len(shapes(picture, "database later")) == 1
    assert not shapes(picture, "database idle")
    assert "storage only; an instance joins" in said(picture, "detail")


def test_active_active_serves_from_both_regions(comparisons):
    comparison = comparisons["article"]
    picture = figures.architecture(comparison, comparison.strategies["active_active"])
    assert said(picture, "share") == ["50 %", "50 %"]
    assert not shapes(picture, "later traffic")
    assert "latency records, TTL 60 s" in said(picture, "entry")
    assert not [words for words in said(picture, "detail") if "waits" in words]


def test_regions_tell_their_part_of_the_bill_and_how_far_apart_they_are(comparisons):
    comparison = comparisons["article"]
    bill = comparison.chosen.bill
    picture = figures.architecture(comparison)
    by_role = bill.by("role").set_index("role")["monthly_usd"]
    assert said(picture, "region cost") == [
        f"{role} region, {by_role[role]:,.0f} USD a month" for role in ("primary", "failover")
    ]
    assert said(picture, "global cost") == [f"CloudFront and Route 53: {by_role['global']:,.0f} USD a month"]
    away = comparison.chosen.topology.failover_region
    assert (
        f"{comparison.catalog.regions.distance_km('us-east-1', away):,.0f} km away"
        in said(picture, "region distance")[0]
    )


@pytest.mark.parametrize(
    ("units", "zones", "expected"), [(5, 3, (2, 2, 1)), (1, 2, (1, 0)), (0, 3, (0, 0, 0)), (6, 2, (3, 3))]
)
def test_units_spread_over_zones_by_hand(units, zones, expected):
    assert spread(units, zones) == expected


def test_sizes_drawn_are_the_topologys_own_and_not_the_workloads(catalog, workloads):
    """Of the design space another class, range and task; of a global database the range Aurora raises."""
    ranges = {
        "strategies": ["pilot_light"],
        "failover_regions": ["us-west-2"],
        "acu": [{"min": 1, "average": 2, "max": 4}],
    }
    space = design_space(
        workloads["article"],
        catalog,
        samples=200,
        db_classes=["db.serverless"],
        db_instances=2,
        smaller=True,
        task_scales=[2],
        **ranges,
    )
    comparison = space.comparison(space.rows.cheapest(1).index)
    home = comparison.options[1].topology.primary
    assert (home.serverless_min_acu, home.serverless_max_acu) == (8, 8)
    details = [row.primary.detail for row in blueprint(comparison, comparison.options[1]).rows]
    assert "2 x Serverless v2, 8 to 8 ACU; 250\u00a0GiB Standard" in details
    assert "3 tasks: 2 vCPU, 4 GiB, x86_64" in details  # today six of 1 vCPU with 2 GiB


BARE = """
schema: 1
name: bare
region: us-east-1
services: [{name: app, tasks: 2, vcpu: 0.5, memory_gib: 1}]
load_balancer: {new_connections_per_second: 5, active_connections: 50, processed_gib_per_hour: 0.1}
network: {zones: 3, interface_endpoints: [], nat_gateways: single}
operations: {decision_s: 300}
objectives: {rpo_s: 60, rto_s: 600, probability: 0.9}
costs: {outage_usd_per_hour: 100, data_loss_usd_per_hour: 0}
"""

CROWDED = """
schema: 1
name: crowded-with-a-long-name
region: ap-southeast-2
services:
  - {name: a-service-with-a-long-name, tasks: 40, vcpu: 16, memory_gib: 120, architecture: arm64, arm64_ready: true}
  - {name: second, tasks: 1, vcpu: 0.25, memory_gib: 0.5, arm64_ready: true}
  - {name: third, tasks: 900, vcpu: 1, memory_gib: 2}
  - {name: fourth, tasks: 19, vcpu: 1, memory_gib: 2}
  - {name: fifth, tasks: 7, vcpu: 1, memory_gib: 2}
  - {name: sixth, tasks: 3, vcpu: 1, memory_gib: 2}
  - {name: seventh, tasks: 2, vcpu: 1, memory_gib: 2}
load_balancer: {new_connections_per_second: 5, active_connections: 50, processed_gib_per_hour: 0.1}
database: {engine: aurora-postgresql, version: '16.4', class: db.r6g.16xlarge, instances: 15, storage_gib: 120000, reads_per_second: 1, writes_per_second: 1}
cache: {engine: redis, version: '7.1', node_type: cache.r6g.16xlarge, shards: 500, replicas_per_shard: 0}
buckets:
  - {name: an-archive-of-all-there-is, storage_gib: 9000000, objects: 100}
  - {name: another-one-with-a-name, storage_gib: 100, objects: 100, replicate: false}
cloudfront: {geography: 'US, Mexico, Canada', egress_gib_per_month: 900000, https_requests_per_month: 1000}
network: {zones: 3, interface_endpoints: [ecr.api, ecr.dkr, logs, kms, secretsmanager, sts, monitoring]}
dns: {zone: a-very-long-name.of-a-department.example.com}
secrets: [one]
operations: {decision_s: 300}
objectives: {rpo_s: 60, rto_s: 600, probability: 0.9, failover_regions: [ap-northeast-1]}
costs: {outage_usd_per_hour: 100, data_loss_usd_per_hour: 0}
"""


@pytest.mark.parametrize("text", [BARE, pytest.param(CROWDED, marks=pytest.mark.slow)], ids=["bare", "crowded"])
def test_workloads_with_next_to_nothing_and_with_far_too_much_are_drawn(text, tmp_path, catalog):
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    comparison = compare_topologies(workload_file.read(path), catalog, samples=200)
    for option in options(comparison):
        picture = figures.architecture(comparison, option)
        assert_clear(picture)
        parts = set(said(picture, "part"))
        if text is BARE:
            assert parts == {"Application Load Balancer", "ECS app", "Network", "ECR"}
            assert said(picture, "entry")[0] == "Clients"
            assert "data" not in picture.finding
        else:
            assert "ECS 3 more services" in parts
            assert "300 x" in said(picture, "number")
            assert any(words.endswith(", 8.6 PiB") for words in said(picture, "detail"))
