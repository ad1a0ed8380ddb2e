"""The AWS that the stack of ``terraform/`` is applied to in tests: moto's server, and what it lacks.

One module for each service; a function in it stands for the API action of its name. Refusals carry AWS's own error
code, and beside each stands where its rule comes from: a page of AWS's API reference or user guide, or an issue where
somebody met it. Where the wording of a message is not known, it is ours.

Nothing here is AWS. No data is stored or replicated, nothing takes time, health checks always pass, IAM forbids
nothing. What a module leaves out stands in its docstring.
"""

from __future__ import annotations

import importlib

#: Every module with an ``install()``. The order is of no importance: no two of them replace the same function.
SERVICES = (
    "applicationautoscaling",
    "backup",
    "cloudfront",
    "ec2",
    "ecs",
    "elasticache",
    "elasticache_global",
    "elasticache_parameters",
    "iam",
    "kms",
    "rds",
    "rds_global",
    "rds_snapshots",
    "s3",
    "secretsmanager",
)

_installed: list[str] = []


def install() -> None:
    """Put everything that moto lacks into moto's classes, in this process, once; there is no way back."""
    if _installed:
        return
    for service in SERVICES:
        importlib.import_module(f"{__name__}.{service}").install()
        _installed.append(service)
