"""EC2: what goes with a NAT gateway and a VPC, and what security group rules say of themselves.

Stock moto leaves a deleted NAT gateway's network interface behind, and a deleted VPC's default network ACL; it forgets
the description of a rule that names another group.

Not modelled: that AWS keeps a subnet, a VPC or a security group while a network interface is in it.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.security_groups import SecurityGroupRule

_stock_delete_nat_gateway = EC2Backend.delete_nat_gateway
_stock_delete_vpc = EC2Backend.delete_vpc


def install() -> None:
    EC2Backend.delete_nat_gateway = delete_nat_gateway
    EC2Backend.delete_vpc = delete_vpc
    SecurityGroupRule.description = property(description)


def delete_nat_gateway(self: EC2Backend, nat_gateway_id: str) -> Any:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNatGateway.html."""
    gateway = _stock_delete_nat_gateway(self, nat_gateway_id)
    self.enis.pop(gateway._eni.id, None)
    return gateway


def delete_vpc(self: EC2Backend, vpc_id: str) -> Any:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html."""
    vpc = _stock_delete_vpc(self, vpc_id)
    for acl in list(self.network_acls.values()):
        if acl.vpc_id == vpc_id and acl.default:
            del self.network_acls[acl.id]
    return vpc


def description(self: SecurityGroupRule) -> str | None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html."""
    told: str | None = self.ip_range.get("Description") or self.source_group.get("Description")
    return told
