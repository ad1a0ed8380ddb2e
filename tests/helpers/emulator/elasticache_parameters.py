"""ElastiCache: engine versions and parameter groups.

Stock moto lacks parameter groups' actions, and takes any group for any engine.

Not modelled: parameters; AWS's own groups (``default.*``) are known by name only.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from .refusal import Refusal

#: Version that runs for a requested one: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
FULL_VERSIONS = {
    "redis": {"5.0.6": "5.0.6", "6.0": "6.0.5", "6.2": "6.2.6", "6.x": "6.2.6", "7.0": "7.0.7", "7.1": "7.1.0"},
    "valkey": {"7.2": "7.2.6", "8.0": "8.0.1", "8.1": "8.1.0"},
}


def install() -> None:
    for action in (create_cache_parameter_group, describe_cache_parameter_groups, delete_cache_parameter_group):
        setattr(ElastiCacheResponse, action.__name__, action)


def full_version(engine: str, version: str | None) -> str:
    versions = FULL_VERSIONS[engine]
    return versions.get(version, version) if version else list(versions.values())[-1]


def family(engine: str, version: str) -> str:
    """Parameter group family: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.html."""
    major = version.split(".")[0]
    if engine == "redis":
        return {"5": "redis5.0", "6": "redis6.x"}.get(major, f"redis{major}")
    return f"{engine}{major}"


def create_cache_parameter_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheParameterGroup.html."""
    groups, name = self.elasticache_backend.cache_parameter_groups, self._get_param("CacheParameterGroupName")
    if name in groups:
        raise Refusal("CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists.")
    groups[name] = self._get_param("CacheParameterGroupFamily")
    return ActionResult({"CacheParameterGroup": _parameter_group(self.elasticache_backend, name)})


def describe_cache_parameter_groups(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeCacheParameterGroups.html."""
    place, name = self.elasticache_backend, self._get_param("CacheParameterGroupName")
    names = [name] if name else list(place.cache_parameter_groups)
    return PaginatedResult({"CacheParameterGroups": [_parameter_group(place, name) for name in names]})


def delete_cache_parameter_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheParameterGroup.html."""
    place, name = self.elasticache_backend, self._get_param("CacheParameterGroupName")
    _parameter_group(place, name)
    if any(group.cache_parameter_group_name == name for group in place.replication_groups.values()):
        raise Refusal("InvalidCacheParameterGroupState", f"{name} is in use.")
    del place.cache_parameter_groups[name]
    return ActionResult({})


def _parameter_group(place: ElastiCacheBackend, name: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheParameterGroup.html."""
    if name not in place.cache_parameter_groups:
        raise Refusal("CacheParameterGroupNotFound", f"CacheParameterGroup {name} not found.")
    return {
        "CacheParameterGroupName": name,
        "CacheParameterGroupFamily": place.cache_parameter_groups[name],
        "Description": " ",
        "IsGlobal": name.startswith("global-datastore-"),
        "ARN": f"arn:aws:elasticache:{place.region_name}:{place.account_id}:parametergroup:{name}",
    }


def refuse_parameter_group(place: ElastiCacheBackend, name: str, wanted: str) -> None:
    """https://github.com/hashicorp/terraform/pull/11269."""
    if name.startswith("default."):
        found = name.removeprefix("default.").removesuffix(".cluster.on")
    else:
        found = _parameter_group(place, name)["CacheParameterGroupFamily"]
    if found != wanted:
        raise Refusal(
            "InvalidParameterCombination",
            f"Expected a parameter group of family {wanted} but found one of family {found}",
        )
