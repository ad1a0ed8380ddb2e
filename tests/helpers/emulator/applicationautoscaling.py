"""Application Auto Scaling: the tags of scalable targets.

Stock moto lacks the three actions, and Terraform's provider asks for the tags of every target.
"""

from __future__ import annotations

import json

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from .refusal import Refusal

_stock_backend = ApplicationAutoscalingBackend.__init__
_stock_register_scalable_target = ApplicationAutoScalingResponse.register_scalable_target


def install() -> None:
    ApplicationAutoscalingBackend.__init__ = backend
    ApplicationAutoScalingResponse.register_scalable_target = register_scalable_target
    ApplicationAutoScalingResponse.list_tags_for_resource = list_tags_for_resource
    ApplicationAutoScalingResponse.tag_resource = tag_resource
    ApplicationAutoScalingResponse.untag_resource = untag_resource


def backend(self: ApplicationAutoscalingBackend, region_name: str, account_id: str) -> None:
    _stock_backend(self, region_name, account_id)
    self.tags_by_arn: dict[str, dict[str, str]] = {}


def register_scalable_target(self: ApplicationAutoScalingResponse) -> str:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html."""
    answer = _stock_register_scalable_target(self)
    arn = json.loads(answer)["ScalableTargetARN"]
    self.applicationautoscaling_backend.tags_by_arn.setdefault(arn, {}).update(self._get_param("Tags") or {})
    return answer


def list_tags_for_resource(self: ApplicationAutoScalingResponse) -> str:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ListTagsForResource.html."""
    return json.dumps({"Tags": _tags(self)})


def tag_resource(self: ApplicationAutoScalingResponse) -> str:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TagResource.html."""
    _tags(self).update(self._get_param("Tags"))
    return "{}"


def untag_resource(self: ApplicationAutoScalingResponse) -> str:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_UntagResource.html."""
    for key in self._get_param("TagKeys"):
        _tags(self).pop(key, None)
    return "{}"


def _tags(self: ApplicationAutoScalingResponse) -> dict[str, str]:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ListTagsForResource.html#API_ListTagsForResource_Errors."""
    arn = self._get_param("ResourceARN")
    tags = self.applicationautoscaling_backend.tags_by_arn
    if arn not in tags:
        raise Refusal("ResourceNotFoundException", f"The specified resource doesn't exist: {arn}")
    return tags[arn]
