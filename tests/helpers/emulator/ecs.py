"""ECS: what a service says about itself.

Stock moto forgets availabilityZoneRebalancing, and answers with an empty network configuration where there is none,
which ends Terraform's provider.

Not modelled: tasks; a service runs none.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.models import Service
from moto.ecs.responses import EC2ContainerServiceResponse


def install() -> None:
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
    Service.availability_zone_rebalancing = "DISABLED"
    EC2ContainerServiceResponse.create_service = _service(EC2ContainerServiceResponse.create_service)
    EC2ContainerServiceResponse.update_service = _service(EC2ContainerServiceResponse.update_service)


def _service(stock: Any) -> Any:
    """CreateService or UpdateService, with the fields that stock moto drops."""

    @wraps(stock)
    def action(self: EC2ContainerServiceResponse) -> ActionResult:
        answer = stock(self)
        service = answer.result["service"]
        service.network_configuration = service.network_configuration or None
        wanted = self._get_param("availabilityZoneRebalancing")
        if wanted:
            service.availability_zone_rebalancing = wanted
        return answer

    return action
