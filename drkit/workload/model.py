"""Workload: the single-region system as it is, its objectives, and what an outage costs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from drkit.stats.quantity import ZERO, Positive, Quantity, Strict
from drkit.workload.commitments import Commitments

#: The strategies by rising cost and falling recovery time (Well-Architected REL13-BP02).
Strategy = Literal["single_region", "backup_restore", "pilot_light", "warm_standby", "hot_standby", "active_active"]
Architecture = Literal["x86_64", "arm64"]
Geography = Literal[
    "Australia, New Zealand",
    "Europe, Israel",
    "Hong Kong, Philippines, Asia Pacific",
    "India",
    "Japan",
    "South Africa, Kenya, Middle East",
    "South America",
    "US, Mexico, Canada",
]

#: Fargate's legal sizes: vCPU to lowest, highest and step of memory [GiB] (Amazon ECS Developer Guide).
FARGATE_MEMORY_GIB = {
    0.25: (0.5, 2, 0.5),
    0.5: (1, 4, 1),
    1: (2, 8, 1),
    2: (4, 16, 1),
    4: (8, 30, 1),
    8: (16, 60, 4),
    16: (32, 120, 8),
}


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=32)]


def _fargate_vcpu(value: float) -> float:
    if value not in FARGATE_MEMORY_GIB:
        raise PydanticCustomError("fargate_vcpu", "Fargate sells 0.25, 0.5, 1, 2, 4, 8 and 16 vCPU")
    return value


def fargate_sells(vcpu: float, memory_gib: float) -> bool:
    """Whether Fargate sells tasks of this size [vCPU, GiB]."""
    if vcpu not in FARGATE_MEMORY_GIB:
        return False
    low, high, step = FARGATE_MEMORY_GIB[vcpu]
    # At 0.25 vCPU the sizes are 0.5, 1 and 2 GiB: 1.5 is on the step but not sold.
    return low <= memory_gib <= high and not (memory_gib - low) % step and (vcpu, memory_gib) != (0.25, 1.5)


class Service(Strict):
    """One ECS service on Fargate."""

    name: Name = Field(description="Name of the service: 2 to 32 lower case letters, digits, single hyphens")
    tasks: int = Field(ge=1, le=1000, description="Tasks that run in the region today")
    vcpu: Annotated[float, AfterValidator(_fargate_vcpu)] = Field(
        description="vCPU of a task: 0.25, 0.5, 1, 2, 4, 8 or 16"
    )
    memory_gib: float = Field(gt=0, description="Memory of a task [GiB]; Fargate allows certain sizes for each vCPU")
    architecture: Architecture = Field("x86_64", description="Processor the image is built for today")
    arm64_ready: bool = Field(False, description="Whether the image could also run on arm64")
    image_gib: Positive | None = Field(
        None, description="Size of the image, compressed [GiB]; without it an assumption"
    )
    port: int = Field(8080, ge=1, le=65535, description="Port the container listens on")
    image_tag: str = Field(
        "v1",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
        description="Tag of the image to run, such as v1.4.2",
    )
    health_check_path: str = Field("/health", pattern="^/", description="Path of the target group's health check")

    @model_validator(mode="after")
    def _fargate_memory(self) -> Service:
        if not fargate_sells(self.vcpu, self.memory_gib):
            low, high, step = FARGATE_MEMORY_GIB[self.vcpu]
            raise PydanticCustomError(
                "fargate_memory",
                "memory_gib is {memory}: with {vcpu} vCPU Fargate sells {allowed} GiB",
                {
                    "memory": f"{self.memory_gib:g}",
                    "vcpu": f"{self.vcpu:g}",
                    "allowed": "0.5, 1 or 2" if self.vcpu == 0.25 else f"{low:g} to {high:g} in steps of {step:g}",
                },
            )
        return self


class LoadBalancer(Strict):
    """Traffic of the Application Load Balancer, in the dimensions of a capacity unit (LCU)."""

    new_connections_per_second: Quantity = Field(description="New connections [1/s], monthly average")
    active_connections: Quantity = Field(description="Concurrent connections, monthly average")
    processed_gib_per_hour: Quantity = Field(description="Bytes in and out [GiB/h]")
    rule_evaluations_per_second: Quantity = Field(ZERO, description="Rule evaluations beyond ten rules [1/s]")


class Acu(Strict):
    """Aurora Serverless v2 capacity of each instance [ACU]; 1 ACU is about 2 GiB."""

    min: float = Field(ge=0, le=256, multiple_of=0.5, description="Lowest capacity [ACU], in steps of 0.5")
    average: float = Field(gt=0, le=256, description="Average capacity over the month [ACU]")
    max: float = Field(ge=1, le=256, multiple_of=0.5, description="Highest capacity [ACU], in steps of 0.5")

    @model_validator(mode="after")
    def _in_order(self) -> Acu:
        if not self.min <= self.average <= self.max:
            raise PydanticCustomError("acu_order", "min must not be above average, nor average above max")
        return self


class Database(Strict):
    """The Aurora cluster."""

    engine: Literal["aurora-postgresql", "aurora-mysql"] = Field(description="Aurora engine")
    version: str = Field(
        pattern=r"^(\d+\.mysql_aurora\.|8\.0\.mysql_aurora\.|5\.7\.mysql_aurora\.)?\d+(\.\d+){1,2}$",
        description="Engine version, quoted: '15.4', '8.0.mysql_aurora.3.04.0'",
    )
    instance_class: str | None = Field(
        None,
        alias="class",
        pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$",
        description="Instance class such as db.r6g.large; or give acu",
    )
    acu: Acu | None = Field(None, description="Serverless v2 range instead of a class")
    instances: int = Field(ge=1, le=15, description="Instances in the region today, writer included")
    storage_gib: Positive = Field(description="Cluster volume in use [GiB]")
    storage_type: Literal["standard", "io_optimized"] = Field("standard", description="Aurora storage configuration")
    reads_per_second: Quantity = Field(description="Read I/Os from storage [1/s], monthly average (VolumeReadIOPs)")
    writes_per_second: Quantity = Field(description="Write I/Os to storage [1/s], monthly average (VolumeWriteIOPs)")
    redo_gib_per_month: Quantity | None = Field(
        None,
        description="Redo log a secondary would receive [GiB/month]; without it an assumption of bytes per write I/O",
    )
    daily_change_fraction: Quantity | None = Field(
        None, description="Part of the volume that changes in a day, which sizes its backups; without it an assumption"
    )
    managed_rpo_s: int | None = Field(
        None,
        ge=20,
        description="Aurora PostgreSQL: block commits when every secondary lags more than this [s]",
    )

    @model_validator(mode="after")
    def _one_capacity(self) -> Database:
        if (self.instance_class is None) == (self.acu is None):
            raise PydanticCustomError("database_capacity", "give either class or acu, not both and not neither")
        if self.instance_class == "db.serverless":
            raise PydanticCustomError("database_capacity", "for Serverless v2 give acu instead of class")
        if self.managed_rpo_s is not None and self.engine != "aurora-postgresql":
            raise PydanticCustomError("managed_rpo", "managed_rpo_s works with aurora-postgresql only")
        return self

    @property
    def class_name(self) -> str:
        """Instance class, ``db.serverless`` for Serverless v2."""
        return self.instance_class or "db.serverless"


class Cache(Strict):
    """The ElastiCache replication group."""

    engine: Literal["redis", "valkey"] = Field(description="Redis OSS or Valkey")
    version: str = Field(
        pattern=r"^([5-9]|[1-9]\d)(\.\d+){1,2}$", description="Engine version from 5.0 on, quoted: '7.1'"
    )
    node_type: str = Field(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", description="Node type such as cache.m6g.large")
    shards: int = Field(1, ge=1, le=500, description="Shards (node groups)")
    replicas_per_shard: int = Field(1, ge=0, le=5, description="Replicas of each shard")
    write_kib_per_second: Quantity = Field(ZERO, description="Bytes written [KiB/s], monthly average")
    rebuildable: bool = Field(True, description="Whether the content can be rebuilt from elsewhere after a loss")
    data_gib: Quantity = Field(ZERO, description="Data held [GiB]; sizes its snapshots")
    snapshot_retention_days: int = Field(0, ge=0, le=35, description="Days that daily snapshots are kept")


class Bucket(Strict):
    """An S3 bucket in the Standard class."""

    name: Annotated[Name, Field(max_length=28)] = Field(
        description="Short name: 2 to 28 lower case letters, digits, single hyphens"
    )
    storage_gib: Quantity = Field(description="Stored [GiB]")
    objects: Quantity = Field(description="Objects stored")
    puts_per_month: Quantity = Field(ZERO, description="Write requests a month")
    gets_per_month: Quantity = Field(ZERO, description="Read requests a month")
    change_gib_per_month: Quantity = Field(ZERO, description="Written or overwritten [GiB/month]; what is replicated")
    replicate: bool = Field(True, description="Whether another region needs a copy")


class CloudFront(Strict):
    """Delivery through CloudFront."""

    geography: Geography = Field("US, Mexico, Canada", description="Where the viewers are")
    egress_gib_per_month: Quantity = Field(description="Delivered to viewers [GiB/month]")
    https_requests_per_month: Quantity = Field(description="HTTPS requests a month")
    to_origin_gib_per_month: Quantity = Field(ZERO, description="Sent by viewers to the origin [GiB/month]")


class Network(Strict):
    """The VPC and what leaves it."""

    zones: Literal[2, 3] = Field(2, description="Availability zones in use")
    nat_gateways: Literal["none", "single", "per_zone"] = Field("per_zone", description="NAT gateways")
    nat_gib_per_month: Quantity = Field(ZERO, description="Processed by NAT gateways [GiB/month]")
    interface_endpoints: list[Annotated[str, Field(pattern=r"^[a-z0-9.-]+$")]] = Field(
        default_factory=list,
        description="Interface endpoints by service: ecr.api, ecr.dkr, logs, secretsmanager, …",
    )
    endpoint_gib_per_month: Quantity = Field(ZERO, description="Processed by interface endpoints [GiB/month]")
    cross_zone_gib_per_month: Quantity = Field(ZERO, description="Between zones, charged in each direction [GiB/month]")
    egress_gib_per_month: Quantity = Field(ZERO, description="To the internet, not through CloudFront [GiB/month]")


class Dns(Strict):
    """The Route 53 hosted zone."""

    zone: str | None = Field(
        None, pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", description="Zone name; none without Route 53"
    )
    queries_per_month: Quantity = Field(ZERO, description="Standard queries a month")
    fast_health_checks: bool = Field(False, description="Health checks every 10 s instead of every 30 s")
    ttl_s: int = Field(60, ge=0, le=86400, description="Time to live of the failover records [s]")


class Backups(Strict):
    """Backups of the Aurora cluster."""

    retention_days: int = Field(7, ge=1, le=35, description="Automated backups are kept this long [d]")
    copy_interval_hours: int = Field(24, ge=1, le=168, description="Backup and restore: a copy leaves this often [h]")
    copy_retention_days: int = Field(
        7, ge=1, le=365, description="Copies are kept this long in the failover region [d]"
    )

    @model_validator(mode="after")
    def _schedulable(self) -> Backups:
        if self.copy_interval_hours > 24 and self.copy_interval_hours % 24:
            raise PydanticCustomError(
                "copy_interval",
                "copy_interval_hours is {hours}: AWS Backup schedules 1 to 24 hours, or whole days",
                {"hours": self.copy_interval_hours},
            )
        return self


class Operations(Strict):
    """How a failover is run."""

    detection_s: Quantity | None = Field(None, description="Time to notice an outage [s]; else the health check's")
    decision_s: Quantity = Field(description="Time for people to decide to fail over [s]; often the largest step")
    automated: bool = Field(
        False, description="Whether automation decides to fail over in every strategy; in active/active it always does"
    )
    wait_s: float = Field(
        0, ge=0, le=604_800, description="Policy: a detected outage is waited out this long before failing over [s]"
    )
    rehearsals_per_year: float = Field(2, ge=0, le=52, description="Planned switchovers a year")
    logs_gib_per_month: Quantity = Field(ZERO, description="CloudWatch Logs ingested [GiB/month]")
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365] = Field(30, description="Logs are kept [d]")
    image_pushes_per_month: Quantity | None = Field(
        None, description="Images pushed a month, all services together; without it an assumption"
    )


class Objectives(Strict):
    """What must hold after the loss of the primary region."""

    rpo_s: float = Field(ge=0, description="Most data that may be lost, as time of writes [s]; 0 means none at all")
    rto_s: float = Field(gt=0, description="Most time without service [s]")
    probability: float = Field(0.95, gt=0, lt=1, description="Probability with which RPO and RTO must each hold")
    budget_usd_per_month: float | None = Field(None, gt=0, description="Largest monthly bill [USD]")
    failover_regions: list[str] = Field(default_factory=list, description="Regions allowed; empty allows all")
    residency: list[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]] = Field(
        default_factory=list,
        description="Countries data may lie in as ISO 3166 codes in capitals, or EU; empty allows all",
    )
    strategies: list[Strategy] = Field(default_factory=list, description="Strategies to consider; empty means all")


class Costs(Strict):
    """What an outage costs."""

    outage_usd_per_hour: Quantity = Field(description="Cost of an hour without service [USD/h]")
    data_loss_usd_per_hour: Quantity = Field(description="Cost of an hour of lost writes [USD/h]")


class Workload(Strict):
    """The single-region system as it is; plus its objectives and what an outage costs."""

    schema_version: Literal[1] = Field(1, alias="schema", description="Version of this file format")
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=3, max_length=24)] = Field(
        description="Name: 3 to 24 lower case letters, digits, single hyphens; prefixes every resource"
    )
    description: str = Field("", description="What the system is, in a sentence")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="Region it runs in today, such as us-east-1")
    account_id: str | None = Field(
        None,
        pattern=r"^\d{12}$",
        description="AWS account, 12 digits in quotes; with it `terraform plan` needs no credentials",
    )
    services: list[Service] = Field(min_length=1, description="ECS services on Fargate")
    load_balancer: LoadBalancer = Field(description="Application Load Balancer")
    database: Database | None = Field(None, description="Aurora cluster")
    cache: Cache | None = Field(None, description="ElastiCache replication group")
    buckets: list[Bucket] = Field(default_factory=list, description="S3 buckets")
    cloudfront: CloudFront | None = Field(None, description="CloudFront distribution")
    network: Network = Field(default_factory=lambda: Network(), description="VPC")
    dns: Dns = Field(default_factory=lambda: Dns(), description="Route 53")
    secrets: list[Name] = Field(default_factory=list, description="Secrets Manager secrets by name")
    backups: Backups = Field(default_factory=lambda: Backups(), description="Backups")
    commitments: Commitments = Field(default_factory=Commitments, description="What is reserved or under a plan")
    operations: Operations = Field(description="How a failover is run")
    objectives: Objectives = Field(description="RPO, RTO and limits")
    costs: Costs = Field(description="What an outage costs")
    assumptions: dict[str, Quantity] = Field(
        default_factory=dict, description="Own figures in place of those in assumptions.csv, by name"
    )

    @model_validator(mode="after")
    def _unique_names(self) -> Workload:
        for what, names in (
            ("services", [service.name for service in self.services]),
            ("buckets", [bucket.name for bucket in self.buckets]),
            ("secrets", list(self.secrets)),
            ("network", list(self.network.interface_endpoints)),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise PydanticCustomError(
                    "twice",
                    "{what} names {twice} twice: names must differ",
                    {"what": what, "twice": ", ".join(twice)},
                )
        return self
