"""Whether the system of a workload file could exist today, by what the catalog knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.assumptions import Assumptions
from drkit.errors import UnsupportedError, WorkloadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drkit.catalog import Catalog
    from drkit.workload import Workload

Location = tuple[str, ...]


def check_today(workload: Workload, catalog: Catalog) -> None:
    """Refuse a workload that names regions, zones, classes or figures that do not exist, or that the snapshot lacks.

    Raises
    ------
    WorkloadError
        One sentence for everything wrong.
    """
    if found := [sentence for _, sentence in problems(workload, catalog)]:
        raise WorkloadError("\n".join(f"workload {workload.name}: {sentence}" for sentence in found))


def problems(workload: Workload, catalog: Catalog) -> Iterator[tuple[Location, str]]:
    """Every such problem: where in the workload file, and a sentence."""
    yield from _home(workload, catalog)
    objectives = workload.objectives
    for code in objectives.failover_regions:
        if code not in catalog.regions:
            known = ", ".join(catalog.prices.regions())
            told = f"objectives.failover_regions: {code!r} is not an AWS region of the snapshot; priced are {known}"
            yield ("objectives", "failover_regions"), told
    if objectives.failover_regions and set(objectives.failover_regions) <= {workload.region}:
        told = f"objectives.failover_regions names only {workload.region}, where the system runs: name another region"
        yield ("objectives", "failover_regions"), told
    countries = {region.country_code for region in catalog.regions.commercial()} | {"EU"}
    for code in objectives.residency:
        if code not in countries:
            told = f"objectives.residency: no AWS region lies in {code!r}; allowed are {', '.join(sorted(countries))}"
            yield ("objectives", "residency"), told
    if workload.database and workload.database.instance_class:
        yield from _class(("database", "class"), workload.database.instance_class, catalog)
    if workload.cache:
        yield from _class(("cache", "node_type"), workload.cache.node_type, catalog)
    missing = sorted({"ecr.api", "ecr.dkr", "logs"} - set(workload.network.interface_endpoints))
    if workload.network.nat_gateways == "none" and missing:
        yield (
            ("network", "nat_gateways"),
            f"network.nat_gateways is none: tasks then need interface_endpoints for {', '.join(missing)}, "
            "or they cannot pull an image or write a log",
        )
    for name, quantity in workload.assumptions.items():
        try:
            Assumptions(catalog.snapshot, {name: quantity})
        except WorkloadError as error:
            yield ("assumptions", name), str(error)


def _home(workload: Workload, catalog: Catalog) -> Iterator[tuple[Location, str]]:
    try:
        home = catalog.regions[workload.region]
    except UnsupportedError as error:
        yield ("region",), f"region: {error}"
        return
    if home.code not in catalog.prices.regions():
        known = ", ".join(catalog.prices.regions())
        yield ("region",), f"region is {home.code!r} ({home.name}): the snapshot has prices for {known}"
    elif workload.network.zones > home.zones:
        yield ("network", "zones"), f"network.zones is {workload.network.zones}: {home.code} has {home.zones}"
    if not home.may_hold(workload.objectives.residency):
        allowed = ", ".join(workload.objectives.residency)
        told = f"objectives.residency is {allowed}: {home.code}, where it runs, lies in {home.country}"
        yield ("objectives", "residency"), told


def _class(location: Location, name: str, catalog: Catalog) -> Iterator[tuple[Location, str]]:
    try:
        catalog.support.size(name)
    except UnsupportedError as error:
        yield location, f"{'.'.join(location)}: {error}"
