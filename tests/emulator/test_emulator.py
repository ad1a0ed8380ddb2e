"""The emulator as a process, and what it lists as left over in an account."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import botocore.session
import emulator
import pytest
from emulator.server import ACCOUNT_ID, Emulator, running

pytestmark = pytest.mark.slow

PRIMARY, FAILOVER = "eu-west-1", "eu-central-1"
PASSWORD = "never-a-real-one"


# The process.


def test_two_emulators_run_side_by_side_and_end_with_their_blocks(tmp_path: Path) -> None:
    with running(tmp_path / "one.log") as one, running(tmp_path / "two.log") as two:
        here, there = one.client("sns", PRIMARY), two.client("sns", PRIMARY)
        here.create_topic(Name="one")
        assert (len(here.list_topics()["Topics"]), there.list_topics()["Topics"]) == (1, [])
        one.reset()
        assert here.list_topics()["Topics"] == []
    for stopped in (one, two):
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(stopped.url, timeout=5)
    assert "POST / HTTP/1.1" in (tmp_path / "one.log").read_text()


def test_the_emulator_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time\n"
        "from emulator.server import running\n"
        "with running(pathlib.Path(sys.argv[1])) as aws:\n"
        "    print(aws.url, flush=True)\n"
        "    time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "server.log")],
        cwd=Path(emulator.__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent, parent.stdout:  # type: ignore[union-attr]
        url = parent.stdout.readline().strip()  # type: ignore[union-attr]
        urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=60).close()
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).close()
            except (urllib.error.URLError, OSError):
                break
            time.sleep(0.05)
        else:
            pytest.fail("it still answers")


def test_a_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="did not answer"), running(tmp_path / "server.log"):
        pass


def test_the_environment_leads_to_this_account_only(aws: Emulator) -> None:
    code = "import boto3; print(boto3.client('sts', region_name='eu-west-1').get_caller_identity()['Account'])"
    env = {"PATH": os.environ["PATH"]} | aws.environment()
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ACCOUNT_ID


# The refusals.


@pytest.mark.parametrize(
    ("service", "undeclared"),
    [
        ("application-autoscaling", set()),
        ("backup", set()),
        ("cloudfront", set()),
        ("elasticache", set()),
        # RDS declares these for no operation, and answers with them in many.
        ("rds", {"InvalidParameterCombination", "InvalidParameterValue"}),
        # An error common to all operations.
        ("kms", {"ValidationException"}),
        ("secretsmanager", set()),
    ],
)
def test_every_refusal_has_a_code_of_awss_service_model(service: str, undeclared: set[str]) -> None:
    shapes = botocore.session.get_session().get_service_model(service).error_shapes
    declared = {shape.metadata.get("error", {}).get("code") or shape.name for shape in shapes}
    codes = set()
    for module in Path(emulator.__file__).parent.glob(f"{service.replace('-', '')}*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                codes.add(node.args[0].value)  # type: ignore[attr-defined]
    assert codes
    assert codes - declared == undeclared


def test_every_function_that_refuses_says_where_its_rule_comes_from() -> None:
    silent = []
    for module in Path(emulator.__file__).parent.glob("*.py"):
        text = module.read_text()
        for function in ast.parse(text).body:
            source = ast.get_source_segment(text, function) or ""
            if isinstance(function, ast.FunctionDef) and "Refusal(" in source and "https://" not in source:
                silent.append(f"{module.name}: {function.name}")
    assert silent == []


# What is left over.


def one_of_each(aws: Emulator) -> None:
    """Put one thing of every kind into an account that the stack, or somebody after it, could leave behind."""
    _regional_network(aws)
    _regional_services(aws)
    _databases(aws)
    _global_services(aws)


def _regional_network(aws: Emulator) -> None:
    ec2, elbv2 = aws.client("ec2", PRIMARY), aws.client("elbv2", PRIMARY)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"{PRIMARY}{zone}")["Subnet"][
            "SubnetId"
        ]
        for i, zone in enumerate("ab")
    ]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{PRIMARY}.s3")
    other = aws.client("ec2", FAILOVER).create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other, PeerRegion=FAILOVER)
    elbv2.create_load_balancer(Name="shop", Subnets=subnets)
    elbv2.create_target_group(Name="shop", Protocol="HTTP", Port=80, VpcId=vpc)
    log = aws.client("logs", PRIMARY)
    log.create_log_group(logGroupName="shop")
    ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="shop",
        DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT_ID}:role/shop",
    )
    aws.client("rds", PRIMARY).create_db_subnet_group(
        DBSubnetGroupName="shop", DBSubnetGroupDescription="d", SubnetIds=subnets
    )
    aws.client("elasticache", PRIMARY).create_cache_subnet_group(
        CacheSubnetGroupName="shop", CacheSubnetGroupDescription="d", SubnetIds=subnets
    )


def _regional_services(aws: Emulator) -> None:
    ecs, ecr = aws.client("ecs", PRIMARY), aws.client("ecr", PRIMARY)
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="shop", containerDefinitions=[{"name": "shop", "image": "shop", "memory": 512}])
    ecs.create_service(cluster="shop", serviceName="shop", taskDefinition="shop", desiredCount=0)
    aws.client("application-autoscaling", PRIMARY).register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/shop/shop",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=0,
        MaxCapacity=1,
    )
    ecr.create_repository(repositoryName="shop")
    destination = {"region": FAILOVER, "registryId": ACCOUNT_ID}
    ecr.put_replication_configuration(replicationConfiguration={"rules": [{"destinations": [destination]}]})
    cloudwatch = aws.client("cloudwatch", PRIMARY)
    alarm = {"AlarmName": "shop", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(**alarm, MetricName="m", Namespace="n", Period=60, Statistic="Sum", Threshold=0)
    cloudwatch.put_dashboard(DashboardName="shop", DashboardBody="{}")
    aws.client("secretsmanager", PRIMARY).create_secret(Name="shop")
    kms = aws.client("kms", PRIMARY)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/shop", TargetKeyId=key)
    aws.client("sns", PRIMARY).create_topic(Name="shop")
    aws.client("sqs", PRIMARY).create_queue(QueueName="shop")
    aws.client("ssm", PRIMARY).put_parameter(Name="shop", Type="String", Value="v")
    aws.client("events", PRIMARY).put_rule(Name="shop", ScheduleExpression="rate(1 day)")
    backup = aws.client("backup", PRIMARY)
    backup.create_backup_vault(BackupVaultName="shop")
    rule = {"RuleName": "daily", "TargetBackupVaultName": "shop"}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "shop", "Rules": [rule]})["BackupPlanId"]
    selection = {"SelectionName": "shop", "IamRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/shop", "Resources": ["*"]}
    backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)


def _databases(aws: Emulator) -> None:
    rds, cache = aws.client("rds", PRIMARY), aws.client("elasticache", PRIMARY)
    engine = {"Engine": "aurora-postgresql", "EngineVersion": "16.4"}
    rds.create_global_cluster(GlobalClusterIdentifier="shop", **engine)
    rds.create_db_cluster(DBClusterIdentifier="shop", MasterUsername="u", MasterUserPassword=PASSWORD, **engine)
    instance = {"DBInstanceClass": "db.r6g.large", "Engine": "aurora-postgresql"}
    rds.create_db_instance(DBInstanceIdentifier="shop", DBClusterIdentifier="shop", **instance)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="shop", DBClusterSnapshotIdentifier="shop")
    rds.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="shop")
    family = {"DBParameterGroupFamily": "aurora-postgresql16", "Description": "d"}
    rds.create_db_cluster_parameter_group(DBClusterParameterGroupName="shop", **family)
    rds.create_db_parameter_group(DBParameterGroupName="shop", **family)
    cache.create_cache_parameter_group(
        CacheParameterGroupName="shop", CacheParameterGroupFamily="redis7", Description="d"
    )
    cache.create_replication_group(
        ReplicationGroupId="shop", ReplicationGroupDescription="d", CacheNodeType="cache.r6g.large", NumCacheClusters=1
    )
    cache.create_snapshot(SnapshotName="shop", ReplicationGroupId="shop")
    cache.create_global_replication_group(GlobalReplicationGroupIdSuffix="shop", PrimaryReplicationGroupId="shop")


def _global_services(aws: Emulator) -> None:
    aws.client("s3", PRIMARY).create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": PRIMARY})
    iam, trust = aws.client("iam", PRIMARY), json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="shop", AssumeRolePolicyDocument=trust)
    allow = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    iam.create_policy(PolicyName="shop", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    cloudfront = aws.client("cloudfront", PRIMARY)
    origin = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}
    cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "1",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{"Id": "o", "DomainName": "o.example", "CustomOriginConfig": origin}]},
            "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all"},
        }
    )
    cloudfront.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": "shop",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )
    route53 = aws.client("route53", PRIMARY)
    zone = route53.create_hosted_zone(Name="shop.example", CallerReference="1")["HostedZone"]["Id"]
    record = {"Name": "app.shop.example", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "x.example"}]}
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    route53.create_health_check(
        CallerReference="1", HealthCheckConfig={"Type": "HTTP", "FullyQualifiedDomainName": "x.example", "Port": 80}
    )


def test_one_of_each_kind_is_left_over_and_nothing_of_an_empty_account(aws: Emulator) -> None:
    assert aws.leftovers([PRIMARY, FAILOVER]) == {}
    one_of_each(aws)
    left = aws.leftovers([PRIMARY])
    kinds = {
        "application-autoscaling": ["scalable targets"],
        "backup": ["vaults", "plans", "selections"],
        "cloudwatch": ["alarms", "dashboards"],
        "ec2": [
            "vpcs",
            "subnets",
            "route tables",
            "network ACLs",
            "security groups",
            "network interfaces",
            "internet gateways",
            "NAT gateways",
            "VPC endpoints",
            "VPC peerings",
            "addresses",
            "flow logs",
        ],
        "ecr": ["repositories", "replication rules"],
        "ecs": ["clusters", "services", "task definitions"],
        "elasticache": ["replication groups", "cache clusters", "subnet groups", "snapshots", "parameter groups"],
        "elbv2": ["load balancers", "target groups"],
        "events": ["rules"],
        "kms": ["keys", "aliases"],
        "logs": ["log groups"],
        "rds": [
            "clusters",
            "instances",
            "subnet groups",
            "cluster parameter groups",
            "parameter groups",
            "cluster snapshots",
            "snapshots",
        ],
        "secretsmanager": ["secrets"],
        "sns": ["topics"],
        "sqs": ["queues"],
        "ssm": ["parameters"],
    }
    everywhere = {
        "cloudfront": ["distributions", "origin access controls"],
        "elasticache": ["global replication groups"],
        "iam": ["roles", "policies"],
        "rds": ["global clusters"],
        "route53": ["zones", "records", "health checks"],
        "s3": ["buckets"],
    }
    expected = {f"{PRIMARY} {service} {kind}" for service, listed in kinds.items() for kind in listed}
    expected |= {f"global {service} {kind}" for service, listed in everywhere.items() for kind in listed}
    assert set(left) == expected
    assert left[f"{PRIMARY} rds clusters"] == left[f"{PRIMARY} ecs services"] == left["global s3 buckets"] == ["shop"]
    assert left["global route53 records"] == ["app.shop.example. CNAME"]
    # What lies elsewhere is seen when one looks there.
    assert set(aws.leftovers([FAILOVER])) - {place for place in left if place.startswith("global")} == {
        f"{FAILOVER} ec2 vpcs",
        f"{FAILOVER} ec2 route tables",
        f"{FAILOVER} ec2 network ACLs",
        f"{FAILOVER} ec2 security groups",
        f"{FAILOVER} ec2 VPC peerings",
    }


def test_what_only_waits_for_its_end_is_not_left_over(aws: Emulator) -> None:
    kms, secrets = aws.client("kms", PRIMARY), aws.client("secretsmanager", PRIMARY)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secrets.create_secret(Name="shop")
    assert len(aws.leftovers([PRIMARY])) == 2
    kms.schedule_key_deletion(KeyId=key)
    secrets.delete_secret(SecretId="shop")
    assert aws.leftovers([PRIMARY]) == {}
