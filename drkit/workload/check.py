"""Whether the system of a workload file could exist today, by what the catalog knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from drkit.errors import UnsupportedError, WorkloadError
from drkit.facts.assumptions import Assumptions
from drkit.stats.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drkit.facts.catalog import Catalog
    from drkit.workload.model import Workload

Location = tuple[str, ...]


def check_today(workload: Workload, catalog: Catalog) -> None:
    """Refuse a workload that names regions, zones, classes or figures that do not exist, or that the snapshot lacks.

    Raises
    ------
    WorkloadError
        One sentence for everything wrong.
    """
    data = workload.model_dump(by_alias=True, warnings=False)
    if sentences := [sentence for _, sentence in problems(data, catalog)]:
        raise WorkloadError("\n".join(f"workload {workload.name}: {sentence}" for sentence in sentences))


def problems(data: Mapping[str, Any], catalog: Catalog) -> Iterator[tuple[Location, str]]:
    """Every such problem of a workload file's data: where, and a sentence.

    The data may be wrong in other ways too: missing values and values of the wrong type are skipped, since the schema
    reports them.
    """
    yield from _home(data, catalog)
    where = ("objectives", "failover_regions")
    codes = [code for code in _list(data, where) if isinstance(code, str)]
    for code in codes:
        if code not in catalog.regions:
            allowed = ", ".join(catalog.prices.regions())
            yield where, f"{'.'.join(where)}: {code!r} is not an AWS region of the snapshot; priced are {allowed}"
    home = _text(data, ("region",))
    if codes and set(codes) <= {home}:
        yield where, f"{'.'.join(where)} names only {home}, where the system runs: name another region"
    where = ("objectives", "residency")
    countries = {region.country_code for region in catalog.regions.commercial()} | {"EU"}
    for code in _list(data, where):
        if code not in countries:
            allowed = ", ".join(sorted(countries))
            yield where, f"{'.'.join(where)}: no AWS region lies in {code!r}; allowed are {allowed}"
    for where in (("database", "class"), ("cache", "node_type")):
        if name := _text(data, where):
            try:
                catalog.support.size(name)
            except UnsupportedError as error:
                yield where, f"{'.'.join(where)}: {error}"
    missing = sorted({"ecr.api", "ecr.dkr", "logs"} - set(_list(data, ("network", "interface_endpoints"))))
    if _text(data, ("network", "nat_gateways")) == "none" and missing:
        yield (
            ("network", "nat_gateways"),
            f"network.nat_gateways is none: tasks then need interface_endpoints for {', '.join(missing)}, "
            "or they cannot pull an image or write a log",
        )
    figures = data.get("assumptions")
    for name, figure in (figures if isinstance(figures, dict) else {}).items():
        try:
            Assumptions(catalog.snapshot, {str(name): Quantity.model_validate(figure)})
        except WorkloadError as error:
            yield ("assumptions", str(name)), str(error)
        except ValidationError:
            continue


def _home(data: Mapping[str, Any], catalog: Catalog) -> Iterator[tuple[Location, str]]:
    if not (code := _text(data, ("region",))):
        return
    try:
        home = catalog.regions[code]
    except UnsupportedError as error:
        yield ("region",), f"region: {error}"
        return
    zones = _at(data, ("network", "zones"))
    if code not in catalog.prices.regions():
        priced = ", ".join(catalog.prices.regions())
        yield ("region",), f"region is {code!r} ({home.name}): the snapshot has prices for {priced}"
    elif isinstance(zones, int) and zones > home.zones:
        yield ("network", "zones"), f"network.zones is {zones}: {code} has {home.zones}"
    residency = [country for country in _list(data, ("objectives", "residency")) if isinstance(country, str)]
    if not home.may_hold(residency):
        sentence = f"objectives.residency is {', '.join(residency)}: {code}, where it runs, lies in {home.country}"
        yield ("objectives", "residency"), sentence


def _at(data: Any, where: Location) -> Any:
    for key in where:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _text(data: Mapping[str, Any], where: Location) -> str:
    value = _at(data, where)
    return value if isinstance(value, str) else ""


def _list(data: Mapping[str, Any], where: Location) -> list[Any]:
    value = _at(data, where)
    return [entry for entry in value if not isinstance(entry, dict | list)] if isinstance(value, list) else []
