"""Three bills worked out by hand, line by line.

Every line is written as quantity (how it comes about), unit price and monthly cost. The unit prices are literals that
are looked up in ``prices.csv`` with the csv module, so nothing here trusts the code that is tested.
A month has 730 hours, 730 * 3600 = 2,628,000 seconds and 730 / 24 = 30.4167 days.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest

from drkit.bill.biller import Biller
from drkit.bill.lines import Bill
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.files.bundled import data_dir
from drkit.topology.enumeration import enumerate_topologies
from drkit.workload import file as workload_file
from drkit.workload.model import Workload


class Hand(NamedTuple):
    role: str
    region: str
    component: str
    service: str
    item: str
    quantity: float
    unit_usd: float
    monthly_usd: float
    to_region: str = ""


# (a) The article's workload as a pilot light ------------------------------------------------------------------------

P, F = ("primary", "us-east-1"), ("failover", "us-east-2")
EDGE, GLOBAL = ("global", "US, Mexico, Canada"), ("global", "global")

ARTICLE_PILOT_LIGHT = [
    # app-server: 6 tasks of 1 vCPU and 2 GiB; worker: 2 tasks of 0.5 vCPU and 1 GiB
    Hand(*P, "compute", "AmazonECS", "fargate/linux_x86/vcpu", 6 * 1 * 730, 0.04048, 177.3024),
    Hand(*P, "compute", "AmazonECS", "fargate/linux_x86/memory", 6 * 2 * 730, 0.004445, 38.9382),
    Hand(*P, "compute", "AmazonECS", "fargate/linux_x86/vcpu", 2 * 0.5 * 730, 0.04048, 29.5504),
    Hand(*P, "compute", "AmazonECS", "fargate/linux_x86/memory", 2 * 1 * 730, 0.004445, 6.4897),
    Hand(*P, "load_balancer", "AWSELB", "alb/hour", 730, 0.0225, 16.425),
    # 40 new connections/s are 40 / 25 = 1.6 units; 2,500 / 3,000 active and 1.2 GiB/h are fewer
    Hand(*P, "load_balancer", "AWSELB", "alb/lcu", 1.6 * 730, 0.008, 9.344),
    # public addresses: 2 NAT gateways and a load balancer in 2 zones
    Hand(*P, "network", "AmazonVPC", "public_ipv4/in_use", (2 + 2) * 730, 0.005, 14.6),
    Hand(*P, "network", "AmazonVPC", "nat_gateway/hour", 2 * 730, 0.045, 65.7),
    Hand(*P, "network", "AmazonVPC", "nat_gateway/data_processed", 150, 0.045, 6.75),
    # ecr.api, ecr.dkr, logs and secretsmanager in 2 zones
    Hand(*P, "network", "AmazonVPC", "interface_endpoint/hour", 4 * 2 * 730, 0.01, 58.4),
    Hand(*P, "network", "AmazonVPC", "interface_endpoint/data_processed", 80, 0.01, 0.8),
    # 200 GiB between zones, charged where it leaves and where it arrives
    Hand(*P, "network", "AWSDataTransfer", "intra_region_cross_az_each_direction", 2 * 200, 0.01, 4.0),
    Hand(*P, "database", "AmazonRDS", "instance/aurora-postgresql/db.r6g.large/standard", 2 * 730, 0.26, 379.6),
    Hand(*P, "database", "AmazonRDS", "cluster/storage/standard", 250, 0.1, 25.0),
    # (300 reads + 120 writes)/s x 2.628 million seconds
    Hand(*P, "database", "AmazonRDS", "cluster/io/standard", 420 * 2.628, 0.2, 220.752),
    # Backups kept for 14 days: the volume as it was before (250) + 14 x 2 % of 250 changed (70) - the volume (250)
    Hand(*P, "backup", "AmazonRDS", "cluster/backup", 250 + 70 - 250, 0.021, 1.47),
    Hand(*P, "cache", "AmazonElastiCache", "node/redis/cache.m6g.large", 2 * 730, 0.149, 217.54),
    # uploads 600 + static-assets 4; requests in thousands
    Hand(*P, "storage", "AmazonS3", "standard/storage", 604, 0.023, 13.892),
    Hand(*P, "storage", "AmazonS3", "standard/put", 62, 0.005, 0.31),
    Hand(*P, "storage", "AmazonS3", "standard/get", 2400, 0.0004, 0.96),
    # old versions: a fifth (an assumption) of the 45 + 1 GiB written a month, kept for 3 of 30.4167 days
    Hand(*P, "storage", "AmazonS3", "standard/storage", 46 * 0.2 * 3 / (730 / 24), 0.023, 0.0208701),
    Hand(*P, "security", "awskms", "customer_managed_key", 1, 1.0, 1.0),
    Hand(*P, "security", "AWSSecretsManager", "secret", 3, 0.4, 1.2),
    # 10 versions of two images of 0.8 GiB (image_versions is an assumption)
    Hand(*P, "registry", "AmazonECR", "private_storage", 10 * (0.8 + 0.8), 0.1, 1.6),
    # load balancer errors and unhealthy hosts, database processors, cache memory
    Hand(*P, "monitoring", "AmazonCloudWatch", "alarm/standard", 4, 0.1, 0.4),
    Hand(*P, "monitoring", "AmazonCloudWatch", "logs/ingest_standard", 40, 0.5, 20.0),
    # kept 30 of 30.4167 days
    Hand(*P, "monitoring", "AmazonCloudWatch", "logs/storage", 40 * 30 / (730 / 24), 0.03, 1.18356),
    # The failover region: no task, one load balancer, one NAT gateway, no interface endpoint, no traffic
    Hand(*F, "load_balancer", "AWSELB", "alb/hour", 730, 0.0225, 16.425),
    Hand(*F, "network", "AmazonVPC", "public_ipv4/in_use", (1 + 2) * 730, 0.005, 10.95),
    Hand(*F, "network", "AmazonVPC", "nat_gateway/hour", 730, 0.045, 32.85),
    Hand(*F, "database", "AmazonRDS", "instance/aurora-postgresql/db.r6g.large/standard", 730, 0.26, 189.8),
    Hand(*F, "database", "AmazonRDS", "cluster/storage/standard", 250, 0.1, 25.0),
    # as many as the primary's 120 writes/s; they take the place of ordinary write I/O
    Hand(*F, "database_replication", "AmazonRDS", "cluster/global_replicated_write_io", 120 * 2.628, 0.2, 63.072),
    # the secondary cluster keeps backups of its own: 14 x 2 % of 250, as at home
    Hand(*F, "backup", "AmazonRDS", "cluster/backup", 250 + 70 - 250, 0.021, 1.47),
    Hand(*F, "cache", "AmazonElastiCache", "node/redis/cache.m6g.large", 2 * 730, 0.149, 217.54),
    Hand(*F, "storage", "AmazonS3", "standard/storage", 604, 0.023, 13.892),
    # both buckets are replicated, and so are their old versions
    Hand(*F, "storage", "AmazonS3", "standard/storage", 46 * 0.2 * 3 / (730 / 24), 0.023, 0.0208701),
    Hand(*F, "storage", "AmazonS3", "standard/put", 62, 0.005, 0.31),
    Hand(*F, "security", "awskms", "customer_managed_key", 1, 1.0, 1.0),
    Hand(*F, "security", "AWSSecretsManager", "secret", 3, 0.4, 1.2),
    Hand(*F, "registry", "AmazonECR", "private_storage", 16, 0.1, 1.6),
    # the four of the primary region and the replication lag
    Hand(*F, "monitoring", "AmazonCloudWatch", "alarm/standard", 5, 0.1, 0.5),
    # redo log: 120 writes/s x 1,500 bytes (an assumption) = 440.552831 GiB
    Hand(
        *P,
        "database_replication",
        "AWSDataTransfer",
        "inter_region",
        120 * 1500 * 2_628_000 / 2**30,
        0.01,
        4.40553,
        "us-east-2",
    ),
    # 200 KiB/s = 501.251221 GiB
    Hand(
        *P,
        "cache_replication",
        "AWSDataTransfer",
        "inter_region",
        200 * 2_628_000 / 2**20,
        0.01,
        5.01251,
        "us-east-2",
    ),
    Hand(*P, "storage_replication", "AWSDataTransfer", "inter_region", 45 + 1, 0.01, 0.46, "us-east-2"),
    # 20 pushes of images of 0.8 GiB
    Hand(*P, "image_replication", "AWSDataTransfer", "inter_region", 20 * 0.8, 0.01, 0.16, "us-east-2"),
    Hand(*EDGE, "edge", "AmazonCloudFront", "data_transfer_out_to_internet", 900, 0.085, 76.5),
    Hand(*EDGE, "edge", "AmazonCloudFront", "https_requests", 3000, 0.0097, 29.1),
    Hand(*EDGE, "edge", "AmazonCloudFront", "data_transfer_out_to_origin", 60, 0.02, 1.2),
    Hand(*GLOBAL, "dns", "AmazonRoute53", "hosted_zone", 1, 0.5, 0.5),
    Hand(*GLOBAL, "dns", "AmazonRoute53", "standard_queries", 12, 0.4, 4.8),
    # one check for each region, each with the fast interval
    Hand(*GLOBAL, "dns", "AmazonRoute53", "health_check/aws_endpoint", 2, 0.5, 1.0),
    Hand(*GLOBAL, "dns", "AmazonRoute53", "health_check/optional_feature_aws", 2, 1.0, 2.0),
]
# 2,012.48 without the secondary's backups (1.47) and old versions (2 x 0.02)
ARTICLE_TOTAL = 2014.0

# (b) A ledger of our own as a warm standby on Valkey and I/O-Optimized ----------------------------------------------

LEDGER = """\
name: ledger
region: eu-central-1
services:
  - {name: api, tasks: 10, vcpu: 2, memory_gib: 5, architecture: arm64, image_gib: 0.6}
load_balancer: {new_connections_per_second: 10, active_connections: 9000, processed_gib_per_hour: 2}
database:
  engine: aurora-postgresql
  version: '16.4'
  class: db.r6g.xlarge
  instances: 3
  storage_gib: 1000
  storage_type: io_optimized
  reads_per_second: 900
  writes_per_second: 500
  redo_gib_per_month: 800
  daily_change_fraction: 0.05
cache:
  {engine: valkey, version: '8.0', node_type: cache.r7g.xlarge, shards: 2, replicas_per_shard: 2, data_gib: 15,
   write_kib_per_second: 1024, rebuildable: false, snapshot_retention_days: 4}
buckets:
  - {name: documents, storage_gib: 60_000, objects: 8_000_000, puts_per_month: 500_000, gets_per_month: 3_000_000,
     change_gib_per_month: 700}
  - {name: scratch, storage_gib: 500, objects: 1_000, puts_per_month: 10_000, gets_per_month: 10_000, replicate: false}
network: {zones: 3, nat_gateways: single, nat_gib_per_month: 250, interface_endpoints: [logs], egress_gib_per_month: 11_000}
dns: {zone: ledger.example.eu, queries_per_month: 1_500_000_000}
secrets: [database, signing]
backups: {retention_days: 30}
operations: {decision_s: 600, image_pushes_per_month: 40, logs_gib_per_month: 90, log_retention_days: 365}
objectives: {rpo_s: 60, rto_s: 1800}
costs: {outage_usd_per_hour: 1000, data_loss_usd_per_hour: 1000}
"""

P, F = ("primary", "eu-central-1"), ("failover", "eu-west-1")

LEDGER_WARM_STANDBY = [
    # 10 tasks of 2 vCPU and 5 GiB on arm64
    Hand(*P, "compute", "AmazonECS", "fargate/linux_arm64/vcpu", 10 * 2 * 730, 0.03725, 543.85),
    Hand(*P, "compute", "AmazonECS", "fargate/linux_arm64/memory", 10 * 5 * 730, 0.00409, 149.285),
    Hand(*P, "load_balancer", "AWSELB", "alb/hour", 730, 0.027, 19.71),
    # 9,000 active connections are 3 units; 10 / 25 new ones and 2 GiB/h are fewer
    Hand(*P, "load_balancer", "AWSELB", "alb/lcu", 3 * 730, 0.008, 17.52),
    # one NAT gateway, a load balancer in 3 zones
    Hand(*P, "network", "AmazonVPC", "public_ipv4/in_use", (1 + 3) * 730, 0.005, 14.6),
    Hand(*P, "network", "AmazonVPC", "nat_gateway/hour", 730, 0.052, 37.96),
    Hand(*P, "network", "AmazonVPC", "nat_gateway/data_processed", 250, 0.052, 13.0),
    Hand(*P, "network", "AmazonVPC", "interface_endpoint/hour", 1 * 3 * 730, 0.012, 26.28),
    # 11,000 GiB: 100 free, up to 10,240 at the first price, 760 at the second
    Hand(*P, "egress", "AWSDataTransfer", "internet_egress", 100, 0.0, 0.0),
    Hand(*P, "egress", "AWSDataTransfer", "internet_egress", 10_240 - 100, 0.09, 912.6),
    Hand(*P, "egress", "AWSDataTransfer", "internet_egress", 11_000 - 10_240, 0.085, 64.6),
    Hand(
        *P,
        "database",
        "AmazonRDS",
        "instance/aurora-postgresql/db.r6g.xlarge/io_optimized",
        3 * 730,
        0.815,
        1784.85,
    ),
    # I/O-Optimized has no line for ordinary I/O
    Hand(*P, "database", "AmazonRDS", "cluster/storage/io_optimized", 1000, 0.268, 268.0),
    # the volume before (1,000) + 30 x 5 % of it (1,500) - the volume (1,000)
    Hand(*P, "backup", "AmazonRDS", "cluster/backup", 1000 + 1500 - 1000, 0.023, 34.5),
    # 2 shards of 1 primary and 2 replicas
    Hand(*P, "cache", "AmazonElastiCache", "node/valkey/cache.r7g.xlarge", 2 * 3 * 730, 0.42, 1839.6),
    # 4 daily snapshots of 15 GiB, of which AWS keeps one for nothing
    Hand(*P, "backup", "AmazonElastiCache", "backup", (4 - 1) * 15, 0.085, 3.825),
    # 60,500 GiB: 50 TiB at the first price, the rest at the second
    Hand(*P, "storage", "AmazonS3", "standard/storage", 51_200, 0.0245, 1254.4),
    Hand(*P, "storage", "AmazonS3", "standard/storage", 60_500 - 51_200, 0.0235, 218.55),
    # old versions: a fifth of the 700 GiB written a month, kept for 7 of 30.4167 days, above 50 TiB like what is stored
    Hand(*P, "storage", "AmazonS3", "standard/storage", 700 * 0.2 * 7 / (730 / 24), 0.0235, 0.757151),
    Hand(*P, "storage", "AmazonS3", "standard/put", 510, 0.0054, 2.754),
    Hand(*P, "storage", "AmazonS3", "standard/get", 3010, 0.00043, 1.2943),
    Hand(*P, "security", "awskms", "customer_managed_key", 1, 1.0, 1.0),
    Hand(*P, "security", "AWSSecretsManager", "secret", 2, 0.4, 0.8),
    Hand(*P, "registry", "AmazonECR", "private_storage", 10 * 0.6, 0.1, 0.6),
    Hand(*P, "monitoring", "AmazonCloudWatch", "alarm/standard", 4, 0.1, 0.4),
    Hand(*P, "monitoring", "AmazonCloudWatch", "logs/ingest_standard", 90, 0.63, 56.7),
    # a year of logs: 12 months of 90 GiB
    Hand(*P, "monitoring", "AmazonCloudWatch", "logs/storage", 90 * 12, 0.0324, 34.992),
    # The failover region: a quarter of 10 tasks, rounded up, is 3
    Hand(*F, "compute", "AmazonECS", "fargate/linux_arm64/vcpu", 3 * 2 * 730, 0.03238, 141.8244),
    Hand(*F, "compute", "AmazonECS", "fargate/linux_arm64/memory", 3 * 5 * 730, 0.00356, 38.982),
    Hand(*F, "load_balancer", "AWSELB", "alb/hour", 730, 0.0252, 18.396),
    Hand(*F, "network", "AmazonVPC", "public_ipv4/in_use", (1 + 3) * 730, 0.005, 14.6),
    Hand(*F, "network", "AmazonVPC", "nat_gateway/hour", 730, 0.048, 35.04),
    Hand(*F, "network", "AmazonVPC", "interface_endpoint/hour", 1 * 3 * 730, 0.011, 24.09),
    Hand(*F, "database", "AmazonRDS", "instance/aurora-postgresql/db.r6g.xlarge/io_optimized", 730, 0.745, 543.85),
    Hand(*F, "database", "AmazonRDS", "cluster/storage/io_optimized", 1000, 0.248, 248.0),
    # 500 writes/s; I/O-Optimized waives ordinary I/O, not the replicated
    Hand(
        *F,
        "database_replication",
        "AmazonRDS",
        "cluster/global_replicated_write_io",
        500 * 2.628,
        0.22,
        289.08,
    ),
    # backups of the secondary cluster and of its cache, as at home
    Hand(*F, "backup", "AmazonRDS", "cluster/backup", 1000 + 1500 - 1000, 0.021, 31.5),
    Hand(*F, "backup", "AmazonElastiCache", "backup", (4 - 1) * 15, 0.085, 3.825),
    # 2 shards of 1 primary and 1 replica
    Hand(*F, "cache", "AmazonElastiCache", "node/valkey/cache.r7g.xlarge", 2 * 2 * 730, 0.3896, 1137.632),
    # documents alone are replicated
    Hand(*F, "storage", "AmazonS3", "standard/storage", 51_200, 0.023, 1177.6),
    Hand(*F, "storage", "AmazonS3", "standard/storage", 60_000 - 51_200, 0.022, 193.6),
    Hand(*F, "storage", "AmazonS3", "standard/storage", 700 * 0.2 * 7 / (730 / 24), 0.022, 0.708822),
    Hand(*F, "storage", "AmazonS3", "standard/put", 500, 0.005, 2.5),
    Hand(*F, "security", "awskms", "customer_managed_key", 1, 1.0, 1.0),
    Hand(*F, "security", "AWSSecretsManager", "secret", 2, 0.4, 0.8),
    Hand(*F, "registry", "AmazonECR", "private_storage", 10 * 0.6, 0.1, 0.6),
    Hand(*F, "monitoring", "AmazonCloudWatch", "alarm/standard", 5, 0.1, 0.5),
    # the workload's own figure for redo, no assumption
    Hand(*P, "database_replication", "AWSDataTransfer", "inter_region", 800, 0.02, 16.0, "eu-west-1"),
    # 1 MiB/s = 2,628,000 MiB = 2,566.40625 GiB
    Hand(*P, "cache_replication", "AWSDataTransfer", "inter_region", 2566.40625, 0.02, 51.328125, "eu-west-1"),
    Hand(*P, "storage_replication", "AWSDataTransfer", "inter_region", 700, 0.02, 14.0, "eu-west-1"),
    # with replication time control
    Hand(*P, "storage_replication", "AmazonS3", "replication_time_control", 700, 0.015, 10.5),
    Hand(*P, "image_replication", "AWSDataTransfer", "inter_region", 40 * 0.6, 0.02, 0.48, "eu-west-1"),
    Hand(*GLOBAL, "dns", "AmazonRoute53", "hosted_zone", 1, 0.5, 0.5),
    # 1.5 thousand million queries: the second half thousand million is cheaper
    Hand(*GLOBAL, "dns", "AmazonRoute53", "standard_queries", 1000, 0.4, 400.0),
    Hand(*GLOBAL, "dns", "AmazonRoute53", "standard_queries", 500, 0.2, 100.0),
    Hand(*GLOBAL, "dns", "AmazonRoute53", "health_check/aws_endpoint", 2, 0.5, 1.0),
]
# 11,763.57 without the second backups (31.50 + 3.825) and the old versions (0.757 + 0.709)
LEDGER_TOTAL = 11800.36

# (c) small-saas with backups in another region ----------------------------------------------------------------------

P, F = ("primary", "us-west-2"), ("failover", "us-east-2")

SAAS_BACKUP_RESTORE = [
    # 2 tasks of 0.5 vCPU and 1 GiB on arm64
    Hand(*P, "compute", "AmazonECS", "fargate/linux_arm64/vcpu", 2 * 0.5 * 730, 0.03238, 23.6374),
    Hand(*P, "compute", "AmazonECS", "fargate/linux_arm64/memory", 2 * 1 * 730, 0.00356, 5.1976),
    Hand(*P, "load_balancer", "AWSELB", "alb/hour", 730, 0.0225, 16.425),
    # 3 / 25 = 0.12 units of new connections; 150 / 3,000 and 0.05 GiB/h are fewer
    Hand(*P, "load_balancer", "AWSELB", "alb/lcu", 0.12 * 730, 0.008, 0.7008),
    Hand(*P, "network", "AmazonVPC", "public_ipv4/in_use", (1 + 2) * 730, 0.005, 10.95),
    Hand(*P, "network", "AmazonVPC", "nat_gateway/hour", 730, 0.045, 32.85),
    Hand(*P, "network", "AmazonVPC", "nat_gateway/data_processed", 20, 0.045, 0.9),
    # 120 GiB, 100 of them free
    Hand(*P, "egress", "AWSDataTransfer", "internet_egress", 100, 0.0, 0.0),
    Hand(*P, "egress", "AWSDataTransfer", "internet_egress", 20, 0.09, 1.8),
    # burstable classes stay: nothing is replicated live
    Hand(*P, "database", "AmazonRDS", "instance/aurora-postgresql/db.t4g.medium/standard", 730, 0.073, 53.29),
    Hand(*P, "database", "AmazonRDS", "cluster/storage/standard", 30, 0.1, 3.0),
    Hand(*P, "database", "AmazonRDS", "cluster/io/standard", (20 + 10) * 2.628, 0.2, 15.768),
    # the volume before (30) + 7 x 2 % of it (4.2) - the volume (30)
    Hand(*P, "backup", "AmazonRDS", "cluster/backup", 4.2, 0.021, 0.0882),
    Hand(*P, "cache", "AmazonElastiCache", "node/valkey/cache.t4g.small", 730, 0.0256, 18.688),
    Hand(*P, "storage", "AmazonS3", "standard/storage", 80, 0.023, 1.84),
    # old versions: a fifth of the 4 GiB written a month, kept for 7 of 30.4167 days
    Hand(*P, "storage", "AmazonS3", "standard/storage", 4 * 0.2 * 7 / (730 / 24), 0.023, 0.0042345),
    Hand(*P, "storage", "AmazonS3", "standard/put", 20, 0.005, 0.1),
    Hand(*P, "storage", "AmazonS3", "standard/get", 150, 0.0004, 0.06),
    Hand(*P, "security", "awskms", "customer_managed_key", 1, 1.0, 1.0),
    Hand(*P, "security", "AWSSecretsManager", "secret", 1, 0.4, 0.4),
    Hand(*P, "registry", "AmazonECR", "private_storage", 10 * 0.3, 0.1, 0.3),
    Hand(*P, "monitoring", "AmazonCloudWatch", "alarm/standard", 4, 0.1, 0.4),
    Hand(*P, "monitoring", "AmazonCloudWatch", "logs/ingest_standard", 5, 0.5, 2.5),
    Hand(*P, "monitoring", "AmazonCloudWatch", "logs/storage", 5 * 30 / (730 / 24), 0.03, 0.147945),
    # The failover region: 7 daily copies of 30 GiB, each a full one
    Hand(*F, "backup", "AmazonRDS", "cluster/backup", 7 * 30, 0.021, 4.41),
    Hand(*F, "storage", "AmazonS3", "standard/storage", 80, 0.023, 1.84),
    Hand(*F, "storage", "AmazonS3", "standard/storage", 4 * 0.2 * 7 / (730 / 24), 0.023, 0.0042345),
    Hand(*F, "storage", "AmazonS3", "standard/put", 20, 0.005, 0.1),
    Hand(*F, "security", "awskms", "customer_managed_key", 1, 1.0, 1.0),
    Hand(*F, "security", "AWSSecretsManager", "secret", 1, 0.4, 0.4),
    Hand(*F, "registry", "AmazonECR", "private_storage", 3, 0.1, 0.3),
    # 730 / 24 copies a month of 30 GiB
    Hand(*P, "backup_copy", "AWSDataTransfer", "inter_region", 730 / 24 * 30, 0.02, 18.25, "us-east-2"),
    Hand(*P, "storage_replication", "AWSDataTransfer", "inter_region", 4, 0.02, 0.08, "us-east-2"),
    Hand(*P, "image_replication", "AWSDataTransfer", "inter_region", 20 * 0.3, 0.02, 0.12, "us-east-2"),
    Hand(*GLOBAL, "dns", "AmazonRoute53", "hosted_zone", 1, 0.5, 0.5),
    Hand(*GLOBAL, "dns", "AmazonRoute53", "standard_queries", 1, 0.4, 0.4),
    # only the primary region has a load balancer to check
    Hand(*GLOBAL, "dns", "AmazonRoute53", "health_check/aws_endpoint", 1, 0.5, 0.5),
]
# 217.94 without old versions, which are not quite a cent
SAAS_TOTAL = 217.95

BILLS = {
    "article": ("pilot_light.us-east-2.standard.x86_64", ARTICLE_PILOT_LIGHT, ARTICLE_TOTAL),
    "ledger": ("warm_standby.eu-west-1.io_optimized.arm64.rtc", LEDGER_WARM_STANDBY, LEDGER_TOTAL),
    "small-saas": ("backup_restore.us-east-2.standard.arm64", SAAS_BACKUP_RESTORE, SAAS_TOTAL),
}


@pytest.fixture(scope="module")
def bills(catalog: Catalog, workloads: Mapping[str, Workload]) -> dict[str, Bill]:
    made = {}
    for name, (topology_id, *_) in BILLS.items():
        workload = workload_file.parse(LEDGER) if name == "ledger" else workloads[name]
        assumptions = Assumptions(catalog.snapshot, workload.assumptions)
        (topology,) = (
            topology
            for topology in enumerate_topologies(workload, catalog, assumptions)
            if topology.topology_id == topology_id
        )
        assert not topology.rejected_because
        made[name] = Biller(workload, catalog, assumptions).bill(topology)
    return made


@pytest.mark.parametrize("name", BILLS)
def test_every_line_of_the_bill_is_the_one_worked_out_by_hand(name: str, bills: dict[str, Bill]) -> None:
    expected = Counter(
        (hand.role, hand.region, hand.component, hand.item, round(hand.quantity, 4), hand.unit_usd)
        for hand in BILLS[name][1]
    )
    found = Counter(
        (line.role, line.region, line.component, line.item, round(line.quantity, 4), line.unit_usd)
        for line in bills[name].lines
    )
    missing, unexpected = expected - found, found - expected
    assert (list(missing), list(unexpected)) == ([], [])


@pytest.mark.parametrize("name", BILLS)
def test_every_line_costs_what_was_worked_out_by_hand(name: str, bills: dict[str, Bill]) -> None:
    for hand in BILLS[name][1]:
        assert hand.quantity * hand.unit_usd == pytest.approx(hand.monthly_usd, abs=6e-6), hand
    expected = Counter((hand.region, hand.item, round(hand.monthly_usd, 4)) for hand in BILLS[name][1])
    found = Counter((line.region, line.item, round(line.monthly_usd, 4)) for line in bills[name].lines)
    missing, unexpected = expected - found, found - expected
    assert (list(missing), list(unexpected)) == ([], [])


@pytest.mark.parametrize("name", BILLS)
def test_the_total_is_the_one_worked_out_by_hand(name: str, bills: dict[str, Bill]) -> None:
    _, lines, total = BILLS[name]
    assert round(sum(hand.monthly_usd for hand in lines), 2) == total
    assert bills[name].monthly_usd == total


@pytest.fixture(scope="module")
def price_rows() -> Sequence[Mapping[str, str]]:
    with (data_dir() / "snapshot" / "prices.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", BILLS)
def test_every_unit_price_is_one_row_of_the_snapshot(name: str, price_rows: Sequence[Mapping[str, str]]) -> None:
    for hand in BILLS[name][1]:
        wanted = (hand.service, hand.item, hand.region, hand.to_region, "on_demand")
        rows = [
            row
            for row in price_rows
            if (row["service"], row["item"], row["region"], row["to_region"], row["purchase"]) == wanted
            and float(row["usd"]) == hand.unit_usd
        ]
        assert len(rows) == 1, hand


def test_carrying_the_ledgers_data_over_costs_once_what_it_weighs(bills: dict[str, Bill]) -> None:
    expected = [
        ("database_replication", "inter_region", 1000, 0.02, 20.0),
        ("cache_replication", "inter_region", 15, 0.02, 0.3),
        ("storage_replication", "inter_region", 60_000, 0.02, 1200.0),
        ("storage_replication", "batch_operations/job", 1, 0.25, 0.25),
        ("storage_replication", "batch_operations/object", 8, 1.0, 8.0),
        ("storage_replication", "standard/put", 8000, 0.005, 40.0),
    ]
    found = [(x.component, x.item, x.quantity, x.unit_usd, x.monthly_usd) for x in bills["ledger"].one_off]
    assert found == expected
    assert bills["ledger"].one_off_usd == 1268.55
