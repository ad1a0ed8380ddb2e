"""Regions: where they are, how far apart, and who may hold data there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drkit.errors import UnsupportedError
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drkit.facts.snapshot import Snapshot

#: Member states of the European Union by ISO 3166 code (since 2020-02-01, without GB; CH and NO never were).
EUROPEAN_UNION = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)


@dataclass(frozen=True)
class Region:
    """One AWS region: its code, place, country and zones."""

    code: str
    name: str
    city: str
    country: str
    country_code: str
    continent: str
    lat: float
    lon: float
    zone_names: tuple[str, ...]
    opt_in: bool
    kind: str

    @property
    def zones(self) -> int:
        """Availability zones that an account can use."""
        return len(self.zone_names)

    def may_hold(self, residency: Iterable[str]) -> bool:
        """Whether data bound to these jurisdictions may lie here.

        Parameters
        ----------
        residency
            ISO 3166 country codes, or ``EU`` for the member states; empty allows every place.
        """
        jurisdictions = {code.upper() for code in residency}
        return (
            not jurisdictions
            or self.country_code in jurisdictions
            or ("EU" in jurisdictions and self.country_code in EUROPEAN_UNION)
        )


class Regions:
    """All regions of a snapshot, with distance and latency between them."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._regions = {
            row["region"]: Region(
                code=row["region"],
                name=row["name"],
                city=row["city"],
                country=row["country"],
                country_code=row["country_code"],
                continent=row["continent"],
                lat=float(row["lat"]),
                lon=float(row["lon"]),
                zone_names=tuple(row["zone_names"].split()),
                opt_in=row["opt_in"] == "true",
                kind=row["region_type"],
            )
            for row in snapshot.records("regions")
        }
        self._latency = {
            (row["from_region"], row["to_region"]): float(row["p50_ms"]) for row in snapshot.records("latency")
        }

    def __getitem__(self, code: str) -> Region:
        """Return the region with this code, or raise UnsupportedError with the nearest codes."""
        try:
            return self._regions[code]
        except KeyError:
            near = did_you_mean(code, self._regions, count=3, cutoff=0.4)
            sentence = f"{code!r} is not an AWS region of the snapshot"
            raise UnsupportedError(f"{sentence}; {near}" if near else sentence) from None

    def __contains__(self, code: object) -> bool:
        return code in self._regions

    def commercial(self) -> list[Region]:
        """Regions of the commercial partition, sorted by code."""
        return sorted(
            (region for region in self._regions.values() if region.kind == "commercial"),
            key=lambda region: region.code,
        )

    def distance_km(self, first: str, second: str) -> float:
        """Great-circle distance between two regions' cities [km].

        Haversine on a sphere of 6,371 km; cities stand for regions, whose sites AWS does not publish.
        """
        start, end = self[first], self[second]
        lat1, lat2 = math.radians(start.lat), math.radians(end.lat)
        half = (
            math.sin((lat2 - lat1) / 2) ** 2
            + math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(end.lon - start.lon) / 2) ** 2
        )
        return 2 * 6371.0 * math.asin(math.sqrt(half))

    def latency_ms(self, first: str, second: str) -> float | None:
        """Median round trip between two regions [ms]; None where nobody measured it."""
        return self._latency.get((first, second))
