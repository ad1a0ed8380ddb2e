"""EC2: what goes with a NAT gateway and a VPC.

Stock moto leaves a deleted NAT gateway's network interface behind, and a deleted VPC's default network ACL.

Not modelled: that AWS keeps a subnet, a VPC or a security group while a network interface is in it.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend

_stock_delete_nat_gateway = EC2Backend.delete_nat_gateway
_stock_delete_vpc = EC2Backend.delete_vpc


def install() -> None:
    EC2Backend.delete_nat_gateway = delete_nat_gateway
    EC2Backend.delete_vpc = delete_vpc


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
