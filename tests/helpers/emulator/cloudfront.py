"""CloudFront: origin groups as targets, and answers without what was not asked for.

Stock moto looks for a behaviour's target among the origins only, forgets an origin's access control, and invents
forwarded values beside a cache policy.

Not modelled: whether certificates, policies and access controls exist.
"""

from __future__ import annotations

from typing import Any

from moto.cloudfront import models

from .refusal import Refusal

_stock_distribution = models.DistributionConfig.__init__
_stock_origin = models.Origin.__init__
_stock_behaviour = models.DefaultCacheBehaviour.__init__
_stock_certificate = models.ViewerCertificate.__init__


def install() -> None:
    models.DistributionConfig.__init__ = distribution_config
    models.Origin.__init__ = origin
    models.DefaultCacheBehaviour.__init__ = cache_behaviour
    models.ViewerCertificate.__init__ = viewer_certificate


def distribution_config(self: models.DistributionConfig, config: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html."""
    origins = [item["Id"] for item in _items(config, "Origins")]
    groups = [item["Id"] for item in _items(config, "OriginGroups")]
    behaviours = [config["DefaultCacheBehavior"], *_items(config, "CacheBehaviors")]
    for behaviour in behaviours:
        # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html
        if behaviour["TargetOriginId"] not in origins + groups:
            raise Refusal(
                "NoSuchOrigin",
                f"There is no origin or origin group {behaviour['TargetOriginId']} in this distribution.",
            )

    # Stock moto would refuse a group here; it is put back afterwards.
    wanted = config["DefaultCacheBehavior"]["TargetOriginId"]
    config["DefaultCacheBehavior"]["TargetOriginId"] = origins[0]
    _stock_distribution(self, config)
    config["DefaultCacheBehavior"].target_origin_id = wanted


def origin(self: models.Origin, config: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Origin.html."""
    _stock_origin(self, config)
    self.origin_access_control_id = config.get("OriginAccessControlId") or ""


def cache_behaviour(self: models.DefaultCacheBehaviour, config: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CacheBehavior.html."""
    forwarded = config.get("ForwardedValues")
    _stock_behaviour(self, config)
    if not forwarded and self.cache_policy_id:
        self.forwarded_values = None


def viewer_certificate(self: models.ViewerCertificate, config: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ViewerCertificate.html."""
    _stock_certificate(self, config)
    # An empty element is not none: Terraform's provider reads it as a certificate that is set.
    self.iam_certificate_id = self.iam_certificate_id or None
    self.acm_certificate_arn = self.acm_certificate_arn or None


def _items(config: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a list of the request; one item alone is parsed without a list around it."""
    items = (config.get(name) or {}).get("Items") or []
    return items if isinstance(items, list) else [items]
