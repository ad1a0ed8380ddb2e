"""Whether the system of a workload file could exist today, by what the catalog knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.errors import UnsupportedError, WorkloadError

if TYPE_CHECKING:
    from drkit.catalog import Catalog
    from drkit.workload import Workload


def check_today(workload: Workload, catalog: Catalog) -> None:
    """Refuse a workload that names regions, zones or classes that do not exist, or that the snapshot lacks.

    Raises
    ------
    WorkloadError
        One sentence for everything wrong.
    """
    problems = []
    if workload.region not in catalog.prices.regions():
        try:
            name = catalog.regions[workload.region].name
            problems.append(
                f"region is {workload.region!r} ({name}): the snapshot has prices for "
                f"{', '.join(catalog.prices.regions())}"
            )
        except UnsupportedError as error:
            problems.append(f"region: {error}")
    else:
        home = catalog.regions[workload.region]
        if workload.network.zones > home.zones:
            problems.append(f"network.zones is {workload.network.zones}: {home.code} has {home.zones}")
        if not home.may_hold(workload.objectives.residency):
            allowed = ", ".join(workload.objectives.residency)
            problems.append(f"objectives.residency is {allowed}: {home.code}, where it runs, lies in {home.country}")
    problems += [
        f"objectives.failover_regions: {code!r} is not an AWS region of the snapshot"
        for code in workload.objectives.failover_regions
        if code not in catalog.regions
    ]
    classes = []
    if workload.database and workload.database.instance_class:
        classes.append(("database.class", workload.database.instance_class))
    if workload.cache:
        classes.append(("cache.node_type", workload.cache.node_type))
    for key, name in classes:
        try:
            catalog.support.size(name)
        except UnsupportedError as error:
            problems.append(f"{key}: {error}")
    if problems:
        raise WorkloadError("\n".join(f"workload {workload.name}: {problem}" for problem in problems))
