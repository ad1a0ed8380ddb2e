"""The emulator's services that only a little was missing from: keys, secrets, buckets, distributions, tasks, backups."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator.server import ACCOUNT_ID, Emulator
from refused import refused

pytestmark = pytest.mark.slow

PRIMARY, FAILOVER = "eu-west-1", "eu-central-1"

# EC2.


def test_a_deleted_network_leaves_nothing(aws: Emulator) -> None:
    ec2 = aws.client("ec2", PRIMARY)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{PRIMARY}.logs", VpcEndpointType="Interface", SubnetIds=[subnet]
    )["VpcEndpoint"]["VpcEndpointId"]
    assert f"{PRIMARY} ec2 network interfaces" in aws.leftovers([PRIMARY])
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    assert aws.leftovers([PRIMARY]) == {}


def test_a_rule_that_names_a_group_keeps_its_description(aws: Emulator) -> None:
    ec2 = aws.client("ec2", PRIMARY)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    groups = [ec2.create_security_group(VpcId=vpc, GroupName=n, Description=n)["GroupId"] for n in ("data", "tasks")]
    source = {"GroupId": groups[1], "Description": "Tasks"}
    asked = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [source]}
    ec2.authorize_security_group_ingress(GroupId=groups[0], IpPermissions=[asked])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [groups[0]]}])
    assert [rule.get("Description") for rule in rules["SecurityGroupRules"] if not rule["IsEgress"]] == ["Tasks"]


# KMS.


def multi_region_key(aws: Emulator) -> str:
    kms = aws.client("kms", PRIMARY)
    arn: str = kms.create_key(MultiRegion=True, Description="primary")["KeyMetadata"]["Arn"]
    kms.replicate_key(
        KeyId=arn, ReplicaRegion=FAILOVER, Description="replica", Tags=[{"TagKey": "Stack", "TagValue": "shop"}]
    )
    return arn


def key_types(aws: Emulator, key: str) -> dict[str, str]:
    described = {r: aws.client("kms", r).describe_key(KeyId=key)["KeyMetadata"] for r in (PRIMARY, FAILOVER)}
    return {r: metadata["MultiRegionConfiguration"]["MultiRegionKeyType"] for r, metadata in described.items()}


def test_a_replica_key_has_its_own_description_tags_and_aliases(aws: Emulator) -> None:
    key = multi_region_key(aws).rpartition("/")[2]
    kms, replica = aws.client("kms", PRIMARY), aws.client("kms", FAILOVER)
    metadata = replica.describe_key(KeyId=key)["KeyMetadata"]
    assert (metadata["Description"], metadata["Arn"].split(":")[3]) == ("replica", FAILOVER)
    assert replica.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "Stack", "TagValue": "shop"}]
    assert kms.list_resource_tags(KeyId=key)["Tags"] == []
    for client in (kms, replica):
        client.create_alias(AliasName="alias/shop", TargetKeyId=key)
    kms.enable_key_rotation(KeyId=key)
    assert replica.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    # Looking does not change the types.
    assert key_types(aws, key) == key_types(aws, key) == {PRIMARY: "PRIMARY", FAILOVER: "REPLICA"}


def test_replicating_a_key_is_refused(aws: Emulator) -> None:
    key = multi_region_key(aws)
    kms, single = aws.client("kms", PRIMARY), aws.client("kms", PRIMARY).create_key()["KeyMetadata"]["KeyId"]
    replica = key.replace(PRIMARY, FAILOVER)
    refused(kms.replicate_key, "AlreadyExistsException", KeyId=key, ReplicaRegion=FAILOVER)
    refused(kms.replicate_key, "AlreadyExistsException", KeyId=key, ReplicaRegion=PRIMARY)
    refused(kms.replicate_key, "UnsupportedOperationException", KeyId=single, ReplicaRegion=FAILOVER)
    refused(
        aws.client("kms", FAILOVER).replicate_key,
        "UnsupportedOperationException",
        "is not a multi-Region primary key",
        KeyId=replica,
        ReplicaRegion="us-east-1",
    )


def test_a_primary_key_waits_for_its_replicas(aws: Emulator) -> None:
    key = multi_region_key(aws)
    kms, replica = aws.client("kms", PRIMARY), aws.client("kms", FAILOVER)
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (answer["KeyState"], "DeletionDate" in answer) == ("PendingReplicaDeletion", False)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (metadata["Enabled"], metadata["PendingDeletionWindowInDays"]) == (False, 7)
    answer = replica.schedule_key_deletion(KeyId=key.replace(PRIMARY, FAILOVER), PendingWindowInDays=7)
    assert (answer["KeyState"], "DeletionDate" in answer) == ("PendingDeletion", True)
    refused(kms.schedule_key_deletion, "KMSInvalidStateException", KeyId=key)
    assert aws.leftovers([PRIMARY, FAILOVER]) == {}


def test_the_primary_region_of_a_key_changes(aws: Emulator) -> None:
    key = multi_region_key(aws)
    aws.client("kms", PRIMARY).update_primary_region(KeyId=key, PrimaryRegion=FAILOVER)
    assert key_types(aws, key.rpartition("/")[2]) == {PRIMARY: "REPLICA", FAILOVER: "PRIMARY"}
    refused(
        aws.client("kms", PRIMARY).update_primary_region,
        "UnsupportedOperationException",
        KeyId=key,
        PrimaryRegion=FAILOVER,
    )
    refused(
        aws.client("kms", FAILOVER).update_primary_region,
        "NotFoundException",
        KeyId=key.replace(PRIMARY, FAILOVER),
        PrimaryRegion="us-east-1",
    )


# Secrets Manager.


def replicated_secret(aws: Emulator) -> str:
    arn: str = aws.client("secretsmanager", PRIMARY).create_secret(
        Name="shop",
        SecretString="v",
        KmsKeyId="alias/shop",
        AddReplicaRegions=[{"Region": FAILOVER, "KmsKeyId": "alias/there"}],
    )["ARN"]
    return arn


def test_a_replica_of_a_secret_has_its_own_key(aws: Emulator) -> None:
    arn = replicated_secret(aws)
    primary, replica = aws.client("secretsmanager", PRIMARY), aws.client("secretsmanager", FAILOVER)
    (status,) = primary.describe_secret(SecretId=arn)["ReplicationStatus"]
    assert (status["Region"], status["KmsKeyId"], status["Status"]) == (FAILOVER, "alias/there", "InSync")
    described = replica.describe_secret(SecretId="shop")
    assert (described["KmsKeyId"], described["PrimaryRegion"]) == ("alias/there", PRIMARY)
    assert described["ARN"] == arn.replace(PRIMARY, FAILOVER)
    assert replica.get_secret_value(SecretId="shop")["SecretString"] == "v"


def test_a_secret_is_deleted_after_its_replicas(aws: Emulator) -> None:
    replicated_secret(aws)
    secrets = aws.client("secretsmanager", PRIMARY)
    refused(secrets.delete_secret, "InvalidParameterException", f"[{FAILOVER}]", SecretId="shop")
    secrets.remove_regions_from_replication(SecretId="shop", RemoveReplicaRegions=[FAILOVER])
    secrets.delete_secret(SecretId="shop")
    assert aws.leftovers([PRIMARY, FAILOVER]) == {}


def test_a_replica_becomes_a_secret_of_its_own(aws: Emulator) -> None:
    arn = replicated_secret(aws)
    primary, replica = aws.client("secretsmanager", PRIMARY), aws.client("secretsmanager", FAILOVER)
    refused(replica.put_secret_value, "InvalidParameterException", SecretId="shop", SecretString="w")
    refused(primary.stop_replication_to_replica, "InvalidParameterException", SecretId="shop")
    refused(replica.stop_replication_to_replica, "ResourceNotFoundException", SecretId="none")
    assert replica.stop_replication_to_replica(SecretId="shop")["ARN"] == arn.replace(PRIMARY, FAILOVER)
    replica.put_secret_value(SecretId="shop", SecretString="w")
    values = [client.get_secret_value(SecretId="shop")["SecretString"] for client in (primary, replica)]
    assert values == ["v", "w"]
    assert "ReplicationStatus" not in primary.describe_secret(SecretId="shop")
    assert replica.describe_secret(SecretId="shop")["KmsKeyId"] == "alias/there"


# S3.


def bucket(aws: Emulator, name: str, region: str, *, versions: bool) -> None:
    s3 = aws.client("s3", region)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    if versions:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


RULE = {
    "ID": "to-failover",
    "Priority": 1,
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "SourceSelectionCriteria": {"ReplicaModifications": {"Status": "Enabled"}},
    "Destination": {
        "Bucket": "arn:aws:s3:::there",
        "StorageClass": "STANDARD",
        "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
        "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}},
    },
}


def test_a_replication_configuration_is_read_back_whole(aws: Emulator) -> None:
    bucket(aws, "here", PRIMARY, versions=True)
    bucket(aws, "there", FAILOVER, versions=True)
    s3, configuration = aws.client("s3", PRIMARY), {"Role": "arn:aws:iam::123456789012:role/r", "Rules": [RULE]}
    refused(s3.get_bucket_replication, "ReplicationConfigurationNotFoundError", Bucket="here")
    s3.put_bucket_replication(Bucket="here", ReplicationConfiguration=configuration)
    assert s3.get_bucket_replication(Bucket="here")["ReplicationConfiguration"] == configuration


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        (False, True, "Versioning must be 'Enabled' on the bucket"),
        (True, False, "Destination bucket must have versioning enabled."),
        (True, None, "Destination bucket must exist."),
    ],
)
def test_replication_needs_versions_on_both_sides(aws: Emulator, here: bool, there: bool | None, words: str) -> None:
    bucket(aws, "here", PRIMARY, versions=here)
    if there is not None:
        bucket(aws, "there", FAILOVER, versions=there)
    refused(
        aws.client("s3", PRIMARY).put_bucket_replication,
        "InvalidRequest",
        words,
        Bucket="here",
        ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/r", "Rules": [RULE]},
    )


def test_a_bucket_with_objects_or_old_versions_stays(aws: Emulator) -> None:
    bucket(aws, "here", PRIMARY, versions=True)
    s3 = aws.client("s3", PRIMARY)
    version = s3.put_object(Bucket="here", Key="k", Body=b"v")["VersionId"]
    refused(s3.delete_bucket, "BucketNotEmpty", Bucket="here")
    marker = s3.delete_object(Bucket="here", Key="k")["VersionId"]
    refused(s3.delete_bucket, "BucketNotEmpty", Bucket="here")
    for one in (version, marker):
        s3.delete_object(Bucket="here", Key="k", VersionId=one)
    s3.delete_bucket(Bucket="here")


# CloudFront.


def distribution(**settings: Any) -> dict[str, Any]:
    origin = {
        "HTTPPort": 80,
        "HTTPSPort": 443,
        "OriginProtocolPolicy": "http-only",
    }
    origins = [
        {"Id": role, "DomainName": f"{role}.example", "CustomOriginConfig": origin} for role in ("primary", "failover")
    ]
    group = {
        "Id": "both",
        "FailoverCriteria": {"StatusCodes": {"Quantity": 1, "Items": [503]}},
        "Members": {"Quantity": 2, "Items": [{"OriginId": "primary"}, {"OriginId": "failover"}]},
    }
    return {
        "CallerReference": "1",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 2, "Items": origins},
        "OriginGroups": {"Quantity": 1, "Items": [group]},
        "DefaultCacheBehavior": behaviour("both"),
    } | settings


def behaviour(target: str, **settings: Any) -> dict[str, Any]:
    return {
        "TargetOriginId": target,
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    } | settings


def test_a_behaviour_goes_to_an_origin_group_and_shows_what_was_asked_for(aws: Emulator) -> None:
    cloudfront = aws.client("cloudfront", PRIMARY)
    static = {"Quantity": 1, "Items": [behaviour("both", PathPattern="/static/*")]}
    made = cloudfront.create_distribution(
        DistributionConfig=distribution(DefaultCacheBehavior=behaviour("primary"), CacheBehaviors=static)
    )["Distribution"]
    for _ in range(2):
        config = cloudfront.get_distribution_config(Id=made["Id"])["DistributionConfig"]
        assert config["DefaultCacheBehavior"]["TargetOriginId"] == "primary"
        assert config["CacheBehaviors"]["Items"][0]["TargetOriginId"] == "both"
        assert "ForwardedValues" not in config["DefaultCacheBehavior"]
        assert [member["OriginId"] for member in config["OriginGroups"]["Items"][0]["Members"]["Items"]] == [
            "primary",
            "failover",
        ]
        assert "IAMCertificateId" not in config["ViewerCertificate"]
        # Read back, it is a valid request.
        etag = cloudfront.get_distribution_config(Id=made["Id"])["ETag"]
        config["DefaultCacheBehavior"] = behaviour("both")
        cloudfront.update_distribution(Id=made["Id"], IfMatch=etag, DistributionConfig=config)
        config = cloudfront.get_distribution_config(Id=made["Id"])["DistributionConfig"]
        assert config["DefaultCacheBehavior"]["TargetOriginId"] == "both"
        break


@pytest.mark.parametrize(
    "settings",
    [
        {"DefaultCacheBehavior": behaviour("none")},
        {"CacheBehaviors": {"Quantity": 1, "Items": [behaviour("none", PathPattern="/x")]}},
    ],
    ids=["default", "ordered"],
)
def test_a_behaviour_needs_an_origin_that_is_there(aws: Emulator, settings: dict[str, Any]) -> None:
    refused(
        aws.client("cloudfront", PRIMARY).create_distribution,
        "NoSuchOrigin",
        DistributionConfig=distribution(**settings),
    )


def test_an_origin_keeps_its_access_control(aws: Emulator) -> None:
    config = distribution()
    config["Origins"]["Items"][0] |= {"DomainName": "b.s3.amazonaws.com", "OriginAccessControlId": "E1"}
    made = aws.client("cloudfront", PRIMARY).create_distribution(DistributionConfig=config)["Distribution"]
    kept = [origin["OriginAccessControlId"] for origin in made["DistributionConfig"]["Origins"]["Items"]]
    assert kept == ["E1", ""]


# ECS, Application Auto Scaling, IAM.


def test_a_service_says_whether_its_zones_are_rebalanced_and_shows_no_network_that_it_has_not(aws: Emulator) -> None:
    ecs = aws.client("ecs", PRIMARY)
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="shop", containerDefinitions=[{"name": "shop", "image": "shop", "memory": 512}])
    service = {"cluster": "shop", "serviceName": "shop", "taskDefinition": "shop", "desiredCount": 0}
    ecs.create_service(**service, availabilityZoneRebalancing="ENABLED")

    def described() -> dict[str, Any]:
        found: dict[str, Any] = ecs.describe_services(cluster="shop", services=["shop"])["services"][0]
        return found

    assert described()["availabilityZoneRebalancing"] == "ENABLED"
    assert "networkConfiguration" not in described()
    ecs.update_service(cluster="shop", service="shop", availabilityZoneRebalancing="DISABLED")
    assert described()["availabilityZoneRebalancing"] == "DISABLED"


def test_scalable_targets_have_tags(aws: Emulator) -> None:
    ecs = aws.client("ecs", PRIMARY)
    ecs.create_cluster(clusterName="a")
    ecs.register_task_definition(family="b", containerDefinitions=[{"name": "b", "image": "b", "memory": 512}])
    ecs.create_service(cluster="a", serviceName="b", taskDefinition="b", desiredCount=0)
    autoscaling = aws.client("application-autoscaling", PRIMARY)
    target = {"ServiceNamespace": "ecs", "ResourceId": "service/a/b", "ScalableDimension": "ecs:service:DesiredCount"}
    arn = autoscaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=1, Tags={"Stack": "shop"})[
        "ScalableTargetARN"
    ]
    autoscaling.tag_resource(ResourceARN=arn, Tags={"More": "1"})
    assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Stack": "shop", "More": "1"}
    autoscaling.untag_resource(ResourceARN=arn, TagKeys=["Stack"])
    assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"More": "1"}
    refused(autoscaling.list_tags_for_resource, "ResourceNotFoundException", ResourceARN=f"{arn}x")


def test_awss_managed_policies_can_be_attached(aws: Emulator) -> None:
    iam = aws.client("iam", PRIMARY)
    iam.create_role(RoleName="backup", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    arn = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    iam.attach_role_policy(RoleName="backup", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="backup")["AttachedPolicies"] == [
        {"PolicyName": "AWSBackupServiceRolePolicyForBackup", "PolicyArn": arn}
    ]
    refused(iam.attach_role_policy, "NoSuchEntity", RoleName="backup", PolicyArn=f"{arn}x")
    refused(iam.attach_role_policy, "NoSuchEntity", RoleName="backup", PolicyArn=arn.replace("service-role/", ""))


# AWS Backup.


def backup_plan(aws: Emulator) -> str:
    backup = aws.client("backup", PRIMARY)
    backup.create_backup_vault(BackupVaultName="here")
    lifecycle = {"DeleteAfterDays": 7}
    copy = {
        "DestinationBackupVaultArn": f"arn:aws:backup:{FAILOVER}:{ACCOUNT_ID}:backup-vault:there",
        "Lifecycle": lifecycle,
    }
    rule = {"RuleName": "daily", "TargetBackupVaultName": "here", "Lifecycle": lifecycle, "CopyActions": [copy]}
    made = backup.create_backup_plan(
        BackupPlan={"BackupPlanName": "shop", "Rules": [rule]}, BackupPlanTags={"Stack": "shop"}
    )
    identifier: str = made["BackupPlanId"]
    return identifier


def test_a_backup_plan_is_read_back_with_its_copies_and_tags(aws: Emulator) -> None:
    backup, plan = aws.client("backup", PRIMARY), backup_plan(aws)
    read = backup.get_backup_plan(BackupPlanId=plan)
    (rule,) = read["BackupPlan"]["Rules"]
    assert rule["CopyActions"][0]["Lifecycle"] == {"DeleteAfterDays": 7}
    assert backup.list_tags(ResourceArn=read["BackupPlanArn"])["Tags"] == {"Stack": "shop"}
    changed = {"BackupPlanName": "shop", "Rules": [{"RuleName": "hourly", "TargetBackupVaultName": "here"}]}
    assert backup.update_backup_plan(BackupPlanId=plan, BackupPlan=changed)["VersionId"] != read["VersionId"]
    assert backup.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["Rules"][0]["RuleName"] == "hourly"


def test_a_backup_plan_is_deleted_after_its_selections(aws: Emulator) -> None:
    backup, plan = aws.client("backup", PRIMARY), {"BackupPlanId": backup_plan(aws)}
    selection = {
        "SelectionName": "shop",
        "IamRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/r",
        "Resources": ["arn:aws:rds:x"],
    }
    made = plan | {"SelectionId": backup.create_backup_selection(BackupSelection=selection, **plan)["SelectionId"]}
    assert backup.get_backup_selection(**made)["BackupSelection"] == selection
    assert [s["SelectionName"] for s in backup.list_backup_selections(**plan)["BackupSelectionsList"]] == ["shop"]
    refused(backup.create_backup_selection, "AlreadyExistsException", BackupSelection=selection, **plan)
    refused(backup.delete_backup_plan, "InvalidRequestException", "selections must be deleted prior", **plan)
    backup.delete_backup_selection(**made)
    refused(backup.get_backup_selection, "InvalidParameterValueException", "Cannot find Backup plan", **made)
    backup.delete_backup_plan(**plan)
    refused(backup.get_backup_plan, "ResourceNotFoundException", **plan)
    backup.delete_backup_vault(BackupVaultName="here")
    assert aws.leftovers([PRIMARY]) == {}


def test_a_vault_with_recovery_points_stays(aws: Emulator) -> None:
    backup, vault = aws.client("backup", PRIMARY), {"BackupVaultName": "here"}
    job = {"ResourceArn": "arn:aws:rds:x", "IamRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/r"}
    refused(backup.start_backup_job, "ResourceNotFoundException", **vault, **job)
    backup.create_backup_vault(**vault)
    made = backup.start_backup_job(**vault, **job)
    (point,) = backup.list_recovery_points_by_backup_vault(**vault)["RecoveryPoints"]
    assert point["RecoveryPointArn"] == made["RecoveryPointArn"]
    assert backup.describe_backup_vault(**vault)["NumberOfRecoveryPoints"] == 1
    refused(backup.delete_backup_vault, "InvalidRequestException", "contains recovery points", **vault)
    backup.delete_recovery_point(**vault, RecoveryPointArn=made["RecoveryPointArn"])
    backup.delete_backup_vault(**vault)
    refused(backup.describe_backup_vault, "ResourceNotFoundException", **vault)
    refused(backup.delete_backup_vault, "ResourceNotFoundException", **vault)
