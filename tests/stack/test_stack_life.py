"""The life of the stack, really applied to the emulator: build, idle, fail over, fail back, grow, shrink, take down.

Three lives, which `make test` runs side by side: nearly all of their time is the provider's own waiting.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import terraform_cli
from botocore import xform_name
from emulator.server import running
from live_stack import LiveStack, TerraformError, figures

from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.choice.options import Option
from drkit.facts.catalog import Catalog
from drkit.tfvars.stack_values import stack_values

pytestmark = [pytest.mark.slow, pytest.mark.terraform, pytest.mark.life]

Values = dict[str, Any]
#: Opens a life: an empty account and the stack that will be built in it.
Birth = Callable[[str], Any]


@pytest.fixture
def birth(terraform: terraform_cli.Terraform, tmp_path: Path) -> Birth:
    terraform_cli.require(terraform)

    @contextmanager
    def born(name: str) -> Iterator[LiveStack]:
        with running(tmp_path / "emulator.log") as aws:
            stack = LiveStack(terraform, tmp_path / "terraform", aws)
            yield stack
            told = figures(name, stack.steps)
            if path := os.environ.get("DRKIT_STACK_TIMES"):
                with Path(path).open("a", encoding="utf-8") as file:
                    file.write(told + "\n")

    return born


def values_of(comparison: Comparison, option: Option) -> Values:
    """The variables drkit writes, as a program would change them: parts replaced, nothing edited."""
    return stack_values(option.topology, comparison.workload, comparison.catalog)


def changed(values: Values, **parts: Mapping[str, Any]) -> Values:
    """The same variables with some attributes of some objects changed."""
    return {**values, **{name: {**(values[name] or {}), **part} for name, part in parts.items()}}


def with_tasks(values: Values, primary: int, failover: int) -> Values:
    services = {
        name: {**service, "primary_tasks": primary, "failover_tasks": failover}
        for name, service in values["services"].items()
    }
    return {**values, "services": services}


def removable(values: Values) -> Values:
    """The same variables, so that a destroy takes everything and leaves nothing."""
    unprotected = {"deletion_protection": False, "skip_final_snapshot": True}
    return changed(values, database=unprotected, cache={"skip_final_snapshot": True})


def move_database(stack: LiveStack, to: str, how: str) -> None:
    """Make the cluster of a role the writer, as an operator would: by the ids that the stack puts out."""
    region = stack.output("regions")[to]
    request = {
        "GlobalClusterIdentifier": stack.output("global_cluster_id"),
        "TargetDbClusterIdentifier": stack.output("database_cluster_arns")[to],
    }
    client = stack.aws.client("rds", region)
    if how == "switchover":
        client.switchover_global_cluster(**request)
    else:
        client.failover_global_cluster(**request, AllowDataLoss=True)
    (cluster,) = client.describe_global_clusters(GlobalClusterIdentifier=request["GlobalClusterIdentifier"])[
        "GlobalClusters"
    ]
    writers = [m["DBClusterArn"] for m in cluster["GlobalClusterMembers"] if m["IsWriter"]]
    assert writers == [request["TargetDbClusterIdentifier"]]


def move_cache(stack: LiveStack, to: str) -> None:
    region = stack.output("regions")[to]
    group, datastore = stack.output("replication_group_ids")[to], stack.output("global_replication_group_id")
    client = stack.aws.client("elasticache", region)
    client.failover_global_replication_group(
        GlobalReplicationGroupId=datastore, PrimaryRegion=region, PrimaryReplicationGroupId=group
    )
    (found,) = client.describe_global_replication_groups(GlobalReplicationGroupId=datastore, ShowMemberInfo=True)[
        "GlobalReplicationGroups"
    ]
    assert [m["ReplicationGroupId"] for m in found["Members"] if m["Role"] == "PRIMARY"] == [group]


def running_tasks(stack: LiveStack, role: str) -> dict[str, int]:
    region, cluster = stack.output("regions")[role], stack.output("ecs_cluster_names")[role]
    client = stack.aws.client("ecs", region)
    services = client.describe_services(cluster=cluster, services=client.list_services(cluster=cluster)["serviceArns"])
    return {service["serviceName"]: service["desiredCount"] for service in services["services"]}


def headless(comparison: Comparison) -> Option:
    """The headless pilot light beside the choice, in the same failover region."""
    chosen = comparison.chosen.topology
    (found,) = [
        option
        for option in comparison.options
        if option.topology.headless
        and option.topology.failover_region == chosen.failover_region
        and option.topology.architecture == chosen.architecture
        and option.topology.storage_type == "io_optimized"
        and option.topology.replication_time_control
    ]
    return found


def test_a_pilot_light_is_built_idles_fails_over_fails_back_and_leaves_nothing(
    comparisons: Mapping[str, Comparison], birth: Birth
) -> None:
    comparison = comparisons["article"]
    # The hardest of its pilot lights: headless, I/O-Optimized, with replication time control.
    as_designed = values_of(comparison, headless(comparison))
    home, away = as_designed["primary_region"], as_designed["failover_region"]

    with birth("article") as stack:
        built = stack.apply(as_designed, "apply a new pilot light")
        assert len(built) > 150
        assert set(built.values()) <= {"create", "read"}
        assert stack.plan(as_designed, "second plan") == {}

        # Nothing can be promoted without an instance. In an outage it is made by hand, and Terraform hears of it later.
        with pytest.raises(Exception, match="InvalidDBClusterStateFault"):
            move_database(stack, "failover", "failover")
        database = as_designed["database"]
        stack.aws.client("rds", away).create_db_instance(
            DBInstanceIdentifier=f"article-{away}-0",
            DBClusterIdentifier=f"article-{away}",
            DBInstanceClass=database["instance_class"],
            Engine=database["engine"],
        )
        stack.take_over('aws_rds_cluster_instance.failover["0"]', f"article-{away}-0")
        ready = with_tasks(changed(as_designed, failover={"database_instances": 2}), 6, 6)
        grown = stack.apply(ready, "apply instances and tasks in the failover region")
        stack.forget_imports()
        assert set(grown.values()) == {"create", "update"}
        assert sorted(address for address, verb in grown.items() if verb == "create") == [
            "aws_cloudwatch_metric_alarm.database_cpu_failover[0]",
            'aws_rds_cluster_instance.failover["1"]',
        ]

        # A planned switchover first: everything moves, and Terraform has nothing to say about it.
        move_database(stack, "failover", "switchover")
        move_cache(stack, "failover")
        assert stack.plan(ready, "plan after switchover") == {}
        evacuated = with_tasks(ready, 0, 6)
        assert set(stack.apply(evacuated, "apply without tasks in the primary region").values()) == {"update"}
        assert set(running_tasks(stack, "primary").values()) == {0}
        assert set(running_tasks(stack, "failover").values()) == {6}

        # Back, and away again as in an outage.
        move_database(stack, "primary", "switchover")
        move_cache(stack, "primary")
        assert set(stack.plan(ready, "plan after failing back").values()) == {"update"}, "only the tasks differ"
        move_database(stack, "failover", "failover")
        assert set(stack.plan(ready, "plan after failover").values()) == {"update"}, "only the tasks differ"
        move_database(stack, "primary", "switchover")

        # Protected by default: AWS refuses what is not unprotected first, and the final snapshots stay.
        with pytest.raises(Exception, match="InvalidParameterCombination"):
            stack.aws.client("rds", home).delete_db_cluster(
                DBClusterIdentifier=f"article-{home}", SkipFinalSnapshot=True
            )
        unprotected = changed(as_designed, database={"deletion_protection": False, "managed_rpo_s": None})
        shrunk = stack.apply(unprotected, "apply the pilot light again without protection and managed RPO")
        assert sorted(address for address, verb in shrunk.items() if verb == "delete") == [
            "aws_cloudwatch_metric_alarm.database_cpu_failover[0]",
            'aws_rds_cluster_instance.failover["0"]',
            'aws_rds_cluster_instance.failover["1"]',
            "aws_rds_cluster_parameter_group.managed_rpo[0]",
        ]
        assert stack.plan(unprotected, "plan at the end") == {}
        destroyed = stack.destroy(unprotected)
        assert set(destroyed.values()) == {"delete"}
        assert stack.aws.leftovers([home, away]) == {
            f"{home} elasticache snapshots": [f"article-{home}-final"],
            f"{home} rds cluster snapshots": [f"article-{home}-final"],
            f"{away} rds cluster snapshots": [f"article-{away}-final"],
        }


#: The region that eu-shop runs in.
HOME = "eu-central-1"


def legacy(database: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody asked of RDS long ago."""
    return {
        "DBClusterIdentifier": "legacy",
        "Engine": database["engine"],
        "EngineVersion": database["engine_version"],
        "DatabaseName": "shop",
        "MasterUsername": "root",
        "MasterUserPassword": "known-to-the-team-only",
        "StorageEncrypted": True,
    }


def legacy_cluster(stack: LiveStack, database: Mapping[str, Any]) -> dict[str, Any]:
    """A serverless cluster of two instances in a VPC of its own, as somebody made it long ago; its `database_source`."""
    ec2, rds = stack.aws.client("ec2", HOME), stack.aws.client("rds", HOME)
    vpc = ec2.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"172.20.{at}.0/24", AvailabilityZone=f"{HOME}{zone}")["Subnet"][
            "SubnetId"
        ]
        for at, zone in enumerate("ab")
    ]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="legacy", Description="legacy database")["GroupId"]
    rds.create_db_subnet_group(DBSubnetGroupName="legacy", DBSubnetGroupDescription="legacy", SubnetIds=subnets)
    rds.create_db_cluster(
        **legacy(database),
        DBSubnetGroupName="legacy",
        VpcSecurityGroupIds=[group],
        ServerlessV2ScalingConfiguration={"MinCapacity": 2, "MaxCapacity": 32},
    )
    instances = ["legacy-writer", "legacy-reader"]
    for identifier in instances:
        rds.create_db_instance(
            DBInstanceIdentifier=identifier,
            DBClusterIdentifier="legacy",
            Engine=database["engine"],
            DBInstanceClass=database["instance_class"],
        )
    network = {"vpc_id": vpc, "vpc_cidr": "172.20.0.0/16", "route_table_ids": [table], "security_group_id": group}
    return {"mode": "existing", "cluster_identifier": "legacy", "instance_identifiers": instances, "network": network}


def remove_legacy_network(stack: LiveStack, network: Mapping[str, Any]) -> None:
    ec2 = stack.aws.client("ec2", HOME)
    stack.aws.client("rds", HOME).delete_db_subnet_group(DBSubnetGroupName="legacy")
    ec2.delete_security_group(GroupId=network["security_group_id"])
    for table in network["route_table_ids"]:
        ec2.delete_route_table(RouteTableId=table)
    for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [network["vpc_id"]]}])["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=network["vpc_id"])


def cluster(stack: LiveStack, region: str, identifier: str) -> dict[str, Any]:
    (found,) = stack.aws.client("rds", region).describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"]
    return found


@pytest.mark.long
def test_an_existing_cluster_is_adopted_loses_its_secondary_gets_it_back_and_leaves_nothing(
    comparisons: Mapping[str, Comparison], birth: Birth
) -> None:
    comparison = comparisons["eu-shop"]
    standby = removable(values_of(comparison, comparison.strategies["warm_standby"]))
    away = standby["failover_region"]
    assert standby["database"]["engine"] == "aurora-mysql"
    assert standby["database"]["instance_class"] == "db.serverless"
    assert standby["cache"]["shards"] > 1

    with birth("eu-shop") as stack:
        source = legacy_cluster(stack, standby["database"])
        before = cluster(stack, HOME, "legacy")
        standby["database_source"] = source
        built = stack.apply(standby, "apply a warm standby around an existing cluster")
        assert set(built.values()) == {"create", "update"}
        after = cluster(stack, HOME, "legacy")
        for kept in (
            "DbClusterResourceId",
            "DBSubnetGroup",
            "MasterUsername",
            "DatabaseName",
            "KmsKeyId",
            "VpcSecurityGroups",
        ):
            assert after.get(kept) == before.get(kept), kept
        assert stack.plan(standby, "second plan") == {}

        # The tasks reach the cluster: a way there from each zone, one back, and an open port.
        ec2, network = stack.aws.client("ec2", HOME), source["network"]
        routes = [
            route["DestinationCidrBlock"]
            for table in ec2.describe_route_tables()["RouteTables"]
            for route in table["Routes"]
            if route.get("VpcPeeringConnectionId")
        ]
        assert sorted(routes) == [standby["primary"]["vpc_cidr"]] + 3 * [network["vpc_cidr"]]
        (rule,) = [
            rule
            for rule in ec2.describe_security_group_rules(
                Filters=[{"Name": "group-id", "Values": [network["security_group_id"]]}]
            )["SecurityGroupRules"]
            if not rule["IsEgress"]
        ]
        assert (rule["FromPort"], rule["ToPort"], rule["CidrIpv4"]) == (3306, 3306, standby["primary"]["vpc_cidr"])

        move_database(stack, "failover", "failover")
        move_cache(stack, "failover")
        assert stack.plan(standby, "plan after failover") == {}
        move_database(stack, "primary", "switchover")
        move_cache(stack, "primary")
        assert stack.plan(standby, "plan after failing back") == {}

        # The size of the secondary is a figure.
        larger = changed(standby, failover={"database_instances": 3, "cache_replicas_per_shard": 2})
        assert set(stack.apply(larger, "apply a larger secondary").values()) <= {"create", "update"}
        assert stack.plan(larger, "plan after growing") == {}

        # Removing it. The provider does not take a secret's last replica away.
        move_database(stack, "failover", "switchover")
        alone = {**larger, "failover_enabled": False}
        with pytest.raises(TerraformError, match="is the replica at the moment"):
            stack.plan(alone, "refused")
        move_database(stack, "primary", "switchover")
        key = stack.output("kms_key_arns")["failover"].rpartition("/")[2]
        removed = stack.apply(alone, "apply without the failover region")
        secrets = stack.aws.client("secretsmanager", HOME)
        for arn in stack.output("secret_arns").values():
            secrets.remove_regions_from_replication(SecretId=arn, RemoveReplicaRegions=[away])
        assert "delete" in removed.values()
        assert not [a for a, verb in removed.items() if verb == "delete" and a.startswith("module.primary_region")]
        assert "aws_rds_cluster.primary[0]" not in removed
        assert cluster(stack, HOME, "legacy")["DbClusterResourceId"] == before["DbClusterResourceId"]
        assert stack.plan(alone, "plan without the failover region") == {}
        assert set(stack.aws.leftovers([away])) == set(stack.aws.leftovers([])), "nothing is left there"

        # Adding it again: the same figures as at first, and the replica key that waits for its deletion.
        stack.aws.client("kms", away).cancel_key_deletion(KeyId=key)
        stack.take_over("aws_kms_replica_key.failover[0]", key)
        assert set(stack.apply(standby, "apply the failover region again").values()) <= {"create", "update"}
        stack.forget_imports()
        assert stack.plan(standby, "plan with the failover region") == {}

        destroyed = stack.destroy(standby)
        assert set(destroyed.values()) == {"delete"}
        remove_legacy_network(stack, network)
        assert stack.aws.leftovers([HOME, away]) == {}


def called(stack: LiveStack, command: str) -> None:
    """Make the call that an ``aws SERVICE OPERATION --option value ...`` line stands for."""
    program, service, operation, *words = shlex.split(command)
    assert program == "aws"
    options: dict[str, Any] = {}
    for word in words:
        if word.startswith("--"):
            options[word.removeprefix("--")] = True
        else:
            options[list(options)[-1]] = word
    client = stack.aws.client({"s3api": "s3"}.get(service, service), options.pop("region"))
    method = operation.replace("-", "_")
    members = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape.members
    names = {xform_name(member, "-"): member for member in members}
    shaped = {names[option]: value for option, value in options.items()}
    getattr(client, method)(**{n: [v] if members[n].type_name == "list" else v for n, v in shaped.items()})


#: The emulator looks at no role.
ANY_ROLE = "arn:aws:iam::123456789012:role/any"


def legacy_snapshot(stack: LiveStack, region: str, database: Mapping[str, Any]) -> dict[str, Any]:
    """An encrypted snapshot of a cluster that is gone; its `database_source`."""
    rds = stack.aws.client("rds", region)
    rds.create_db_cluster(**legacy(database))
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="legacy-last", DBClusterIdentifier="legacy")
    rds.delete_db_cluster(DBClusterIdentifier="legacy", SkipFinalSnapshot=True)
    return {"mode": "snapshot", "snapshot_identifier": "legacy-last"}


@pytest.mark.long
def test_a_single_region_grows_up_and_its_second_region_is_promoted_for_good(
    comparisons: Mapping[str, Comparison], catalog: Catalog, birth: Birth
) -> None:
    comparison = comparisons["small-saas"]
    today = removable(values_of(comparison, comparison.today))
    assert today["database"]["instance_class"] == "db.t4g.medium", "Global Database refuses it"

    with birth("small-saas") as stack:
        region = today["primary_region"]
        today["database_source"] = legacy_snapshot(stack, region, today["database"])
        with pytest.raises(TerraformError, match="AWS account ID not allowed: 123456789012"):
            stack.apply({**today, "account_id": "210987654321"}, "refused")
        alone = stack.apply({**today, "account_id": "123456789012"}, "apply a single region")
        assert not [address for address in alone if "failover" in address]
        assert stack.plan(today, "second plan") == {}
        assert stack.state_of("aws_rds_cluster.primary[0]")["master_username"] == "root", "as in the snapshot"
        before = cluster(stack, region, f"small-saas-{region}")

        copies = removable(values_of(comparison, comparison.strategies["backup_restore"]))
        away = copies["failover_region"]
        copies["database_source"] = {"mode": "existing"}
        stack.apply(copies, "apply backup and restore")
        stack.aws.client("backup", region).start_backup_job(
            BackupVaultName=f"small-saas-{region}", ResourceArn=before["DBClusterArn"], IamRoleArn=ANY_ROLE
        )
        assert stack.plan(copies, "plan of backup and restore") == {}

        # The cluster that is there cannot be put into an empty global cluster, and the plan says what to do.
        light = removable(values_of(comparison, comparison.strategies["pilot_light"]))
        assert light["failover_region"] == away
        with pytest.raises(TerraformError, match=r'Set database_source = \{ mode = "existing" \}'):
            stack.plan(light, "refused")
        ready = changed(light, failover={"database_instances": 1})
        ready["database_source"] = {"mode": "existing"}
        grown = stack.apply(ready, "apply a pilot light with an instance")
        gone = {address for address, verb in grown.items() if verb == "delete"}
        assert {address.split("[")[0].rpartition(".")[0] for address in gone} == {
            "aws_backup_plan",
            "aws_backup_selection",
            "module.single_region.aws_iam_role",
            "module.single_region.aws_iam_role_policy_attachment",
        }, "no backup, no vault"
        assert cluster(stack, region, f"small-saas-{region}")["DbClusterResourceId"] == before["DbClusterResourceId"]
        assert stack.plan(ready, "plan of the pilot light") == {}

        move_database(stack, "failover", "failover")
        move_cache(stack, "failover")
        replica_key = stack.output("kms_key_arns")["failover"].rpartition("/")[2]

        # As if the old region were gone: nothing is asked of it.
        commands = stack.promote()
        assert [command for command in commands if f"--region {region}" in command] == []
        for command in commands:
            called(stack, command)
        promoted = cluster(stack, away, f"small-saas-{away}")

        # What drkit writes for the same system in its new home; the network there keeps its range.
        moved = comparison.workload.model_copy(
            update={
                "region": away,
                "database": comparison.workload.database.model_copy(update={"instance_class": "db.r6g.large"}),
                "cache": comparison.workload.cache.model_copy(update={"node_type": "cache.m6g.large"}),
            }
        )
        new = compare_topologies(moved, catalog, samples=500)
        home = removable(changed(values_of(new, new.today), primary={"vpc_cidr": light["failover"]["vpc_cidr"]}))
        assert home["failover_region"] != region, "nothing can be asked of the region that is gone"
        home["database_source"] = {"mode": "existing"}
        verbs = stack.plan(home, "plan in the new home")
        harmful = {a: v for a, v in verbs.items() if v not in ("create", "update", "import", "import and update")}
        assert set(harmful) <= {
            # Of no use without a second region.
            "module.single_region.aws_iam_role.replication[0]",
            "module.single_region.aws_iam_role_policy.replication[0]",
            "aws_backup_vault.primary[0]",
            # Names of the service, which had two regions to choose from.
            "module.single_region.aws_route53_record.primary[0]",
            "module.single_region.aws_route53_record.failover[0]",
            'module.single_region.aws_route53_health_check.region["primary"]',
            'module.single_region.aws_route53_health_check.region["failover"]',
        }, harmful
        assert "aws_rds_cluster.primary[0]" not in harmful
        stack.apply(home, "apply in the new home")
        assert cluster(stack, away, f"small-saas-{away}")["DbClusterResourceId"] == promoted["DbClusterResourceId"]
        stack.forget_imports()
        assert stack.plan(home, "plan at the end") == {}

        destroyed = stack.destroy(home)
        assert set(destroyed.values()) == {"delete"}
        left = stack.aws.leftovers([away])
        assert {place: names for place, names in left.items() if place.startswith(away)} == {
            # It stays with what it encrypts: nobody could move the key's primary.
            f"{away} kms keys": [replica_key],
        }
