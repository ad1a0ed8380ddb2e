"""Ranges: which values each decision of a design space may take, and what they are where nobody says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from drkit.errors import ParameterError
from drkit.stats.quantity import Strict
from drkit.words import did_you_mean, within
from drkit.workload.commitments import ForCompute, ForDatabase  # noqa: TC001 - pydantic reads annotations
from drkit.workload.model import Acu, Strategy  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


class Ranges(Strict):
    """Values that each decision may take; None leaves the choice of them to drkit."""

    primary_regions: list[str] | None = Field(
        None, description="Regions that serve in normal operation; the workload's own by default"
    )
    failover_regions: list[str] | None = Field(None, description="Regions that take over; all by default")
    strategies: list[Strategy] | None = Field(None, description="All that the objectives allow by default")
    db_classes: list[str] | None = Field(
        None, description="Aurora classes; by default those from today's capacity to headroom times as much"
    )
    db_instances: list[Annotated[int, Field(ge=1, le=15)]] | None = Field(
        None, description="Instances in the primary region, writer included; today's and one more by default"
    )
    db_storage_types: list[Literal["standard", "io_optimized"]] | None = Field(None, description="Both by default")
    acu: list[Acu] | None = Field(
        None, description="Serverless v2 ranges, each with the average load; around today's where it is serverless"
    )
    cache_node_types: list[str] | None = Field(None, description="As db_classes")
    cache_replicas: list[Annotated[int, Field(ge=0, le=5)]] | None = Field(
        None, description="Replicas of each shard in the primary region; today's and one more by default"
    )
    task_scales: list[Annotated[float, Field(gt=0, le=64)]] | None = Field(
        None,
        description="Size of a Fargate task against today's, in vCPU and memory; there are as many as carry at least "
        "what runs today; 1 and 2 by default",
    )
    architectures: list[Literal["today", "arm64"]] | None = Field(
        None, description="What services run on: as today, or on arm64 where the image is ready; both by default"
    )
    db_purchases: list[ForDatabase] | None = Field(
        None,
        description="How Aurora is bought: on_demand, reserved_1y_no_upfront, …; on demand and the lightest and the "
        "heaviest commitment that the snapshot has prices of by default",
    )
    cache_purchases: list[ForDatabase] | None = Field(None, description="As db_purchases, for cache nodes")
    compute_purchases: list[ForCompute] | None = Field(
        None, description="How Fargate is bought: on_demand, compute_savings_plan_1y_no_upfront, …"
    )
    in_failover_region: list[bool] | None = Field(
        None, description="Whether commitments are made in the failover region too; both by default"
    )
    headroom: float = Field(2.0, ge=1, description="How many times today's capacity the largest class may have")
    smaller: bool = Field(False, description="Whether classes, counts and tasks smaller than today's are among them")


def read(values: Mapping[str, object]) -> Ranges:
    """Check ranges that a person wrote.

    Parameters
    ----------
    values
        Values by the name of a field of `Ranges`; one value stands for a list of one.

    Raises
    ------
    ParameterError
        One sentence for everything wrong.
    """
    problems = []
    for name in values:
        if name not in Ranges.model_fields:
            near = did_you_mean(name, Ranges.model_fields) or f"there are {', '.join(Ranges.model_fields)}"
            problems.append(f"there is no range {name!r}: {near}")
    lists = {name: _listed(name, value) for name, value in values.items() if name in Ranges.model_fields}
    try:
        ranges = Ranges.model_validate(lists)
    except ValidationError as error:
        problems += [_sentence(detail) for detail in error.errors()]
    else:
        problems += [f"{name} is empty: name a value, or leave it out" for name, value in ranges if value == []]
    if problems:
        raise ParameterError("\n".join(problems))
    return ranges


def _listed(name: str, value: object) -> object:
    single = name in ("headroom", "smaller")
    return value if single or value is None or isinstance(value, list) else [value]


def _sentence(detail: ErrorDetails) -> str:
    field, context = str(detail["loc"][0]), detail.get("ctx", {})
    name = ".".join([field, *(part for part in detail["loc"][1:] if isinstance(part, str))])
    value = detail["input"]
    match detail["type"]:
        case "missing":
            return f"{name} is missing: give min, average and max"
        case "literal_error":
            return f"{name} is {value!r}: allowed are {str(context['expected']).replace(' or ', ', ')}"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return f"{name} is {value!r}: give {within(context)}"
        case "bool_type":
            return f"{name} is {value!r}: give true or false"
        case "acu_order":
            return f"{name} is {value!r}: {detail['msg']}"
        case _:
            return f"{name} is {value!r}: {Ranges.model_fields[field].description}"
