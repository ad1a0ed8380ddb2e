"""How instances, nodes and tasks are bought: on demand, reserved, or by a Savings Plan."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from drkit.facts.prices import ON_DEMAND
from drkit.stats.quantity import Strict

_LENGTHS = r"_(1|3)y_(no|partial|all)_upfront"

# AWS sells Database Savings Plans for one year without upfront payment only.
ForDatabase = Annotated[str, Field(pattern=rf"^({ON_DEMAND}|reserved{_LENGTHS}|database_savings_plan_1y_no_upfront)$")]
ForCompute = Annotated[str, Field(pattern=rf"^({ON_DEMAND}|compute_savings_plan{_LENGTHS})$")]
Part = Literal["database", "cache", "compute"]

_MEANING = {
    "reserved": "reserved",
    "database_savings_plan": "Database Savings Plan",
    "compute_savings_plan": "Compute Savings Plan",
}


class Commitments(Strict):
    """What is bought for a year or three instead of by the hour; upfront fees are spread over the term."""

    database: ForDatabase = Field(
        ON_DEMAND,
        description="Aurora instances: on_demand, reserved_1y_no_upfront, reserved_3y_all_upfront, …; a "
        "database_savings_plan_1y_no_upfront also covers Serverless v2",
    )
    cache: ForDatabase = Field(ON_DEMAND, description="Cache nodes, in the same words")
    compute: ForCompute = Field(
        ON_DEMAND, description="Fargate: on_demand, compute_savings_plan_1y_no_upfront, …; Fargate has no reservations"
    )
    in_failover_region: bool = Field(
        True, description="Whether what always runs in the failover region is bought so too"
    )

    def purchase(self, part: Part, role: str) -> str:
        """How a part of the system is bought in a role's region, as price rows call it."""
        bought: str = getattr(self, part)
        return bought if role == "primary" or self.in_failover_region else ON_DEMAND


def in_words(purchase: str) -> str:
    """A purchase in words: ``reserved for 1 year, no upfront``."""
    if purchase == ON_DEMAND:
        return "on demand"
    for name, words in _MEANING.items():
        if purchase.startswith(f"{name}_"):
            years, *option = purchase.removeprefix(f"{name}_").split("_")
            term = "1 year" if years == "1y" else f"{years.removesuffix('y')} years"
            return f"{words} for {term}, {' '.join(option)}"
    return purchase
