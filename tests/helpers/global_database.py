"""An Aurora global database in the emulator, for tests to start from."""

from __future__ import annotations

from typing import Any

from emulator.server import Emulator

PRIMARY, FAILOVER = "eu-west-1", "eu-central-1"
ENGINE = {"Engine": "aurora-postgresql", "EngineVersion": "16.4"}
USER = {"MasterUsername": "dbadmin", "MasterUserPassword": "never-a-real-one"}


class Database:
    """A global database with a primary cluster, its instance, and on demand a secondary one."""

    def __init__(self, aws: Emulator, **settings: Any) -> None:
        self.aws = aws
        self.primary, self.failover = aws.client("rds", PRIMARY), aws.client("rds", FAILOVER)
        self.keys = {
            region: aws.client("kms", region).create_key()["KeyMetadata"]["Arn"] for region in (PRIMARY, FAILOVER)
        }
        self.settings = ENGINE | settings
        self.primary.create_global_cluster(GlobalClusterIdentifier="shop", StorageEncrypted=True, **self.settings)
        self.primary_arn = self.primary.create_db_cluster(
            DBClusterIdentifier="shop-primary",
            GlobalClusterIdentifier="shop",
            StorageEncrypted=True,
            KmsKeyId=self.keys[PRIMARY],
            DatabaseName="shop",
            **self.settings,
            **USER,
        )["DBCluster"]["DBClusterArn"]

    def add_instance(self, region: str = PRIMARY, name: str = "shop-primary", number: int = 0, **settings: Any) -> None:
        self.aws.client("rds", region).create_db_instance(
            DBInstanceIdentifier=f"{name}-{number}",
            DBClusterIdentifier=name,
            Engine=self.settings["Engine"],
            **({"DBInstanceClass": "db.r6g.large"} | settings),
        )

    def secondary_request(self, **settings: Any) -> dict[str, Any]:
        request = {
            "DBClusterIdentifier": "shop-failover",
            "GlobalClusterIdentifier": "shop",
            "StorageEncrypted": True,
            "KmsKeyId": self.keys[FAILOVER],
            **self.settings,
        } | settings
        return {name: value for name, value in request.items() if value is not None}

    def add_secondary(self, **settings: Any) -> dict[str, Any]:
        cluster: dict[str, Any] = self.failover.create_db_cluster(**self.secondary_request(**settings))["DBCluster"]
        return cluster

    @property
    def failover_arn(self) -> str:
        return str(self.cluster("shop-failover", FAILOVER)["DBClusterArn"])

    def cluster(self, name: str = "shop-primary", region: str = PRIMARY) -> dict[str, Any]:
        client = self.aws.client("rds", region)
        found: dict[str, Any] = client.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
        return found

    def group(self, region: str = PRIMARY) -> dict[str, Any]:
        client = self.aws.client("rds", region)
        (found,) = client.describe_global_clusters(GlobalClusterIdentifier="shop")["GlobalClusters"]
        return dict(found)

    def writers(self) -> dict[str, bool]:
        return {
            member["DBClusterArn"].rpartition(":")[2]: member["IsWriter"]
            for member in self.group()["GlobalClusterMembers"]
        }
