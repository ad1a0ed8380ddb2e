"""IAM: AWS's managed policies, each read when it is attached.

Stock moto has none of them, or makes all 1,600 anew for every empty account, which takes a second.

Not modelled: AWS's managed policies in ListPolicies and GetPolicy before one is attached.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

_stock_attach_role_policy = IAMBackend.attach_role_policy


def install() -> None:
    IAMBackend.attach_role_policy = attach_role_policy


def attach_role_policy(self: IAMBackend, policy_arn: str, role_name: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html."""
    name = policy_arn.rpartition("/")[2]
    if policy_arn not in self.managed_policies and ":iam::aws:policy/" in policy_arn and name in _managed_policies():
        policy = AWSManagedPolicy.from_data(name, self.account_id, self.region_name, _managed_policies()[name])
        self.managed_policies[policy.arn] = policy
    _stock_attach_role_policy(self, policy_arn, role_name)


@cache
def _managed_policies() -> dict[str, dict[str, Any]]:
    policies: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return policies
