"""Regions: distance, latency, residency."""

from __future__ import annotations

import math

import pytest

from drkit.errors import UnsupportedError
from drkit.facts.catalog import Catalog
from drkit.facts.regions import Regions


@pytest.fixture(scope="module")
def regions(catalog: Catalog) -> Regions:
    return catalog.regions


def test_a_region_knows_its_place_and_zones(regions: Regions) -> None:
    frankfurt = regions["eu-central-1"]
    assert (frankfurt.city, frankfurt.country, frankfurt.country_code) == ("Frankfurt", "Germany", "DE")
    assert frankfurt.zone_names == ("eu-central-1a", "eu-central-1b", "eu-central-1c")
    assert not frankfurt.opt_in
    assert regions["af-south-1"].opt_in


def test_two_regions_have_two_zones_for_a_new_account(regions: Regions) -> None:
    assert [region.code for region in regions.commercial() if region.zones == 2] == ["us-west-1"]
    assert regions["us-west-1"].zones == 2


def test_commercial_regions_are_sorted_and_without_china_and_government(regions: Regions) -> None:
    codes = [region.code for region in regions.commercial()]
    assert codes == sorted(codes)
    assert len(codes) == 34
    assert not [code for code in codes if code.startswith(("cn-", "us-gov-"))]


@pytest.mark.parametrize(
    ("first", "second", "km"),
    [
        # great circles between the cities, as any atlas gives them
        ("us-east-1", "us-east-2", 480),
        ("sa-east-1", "us-east-1", 7_650),
        ("eu-central-1", "eu-west-2", 640),
        ("ap-northeast-1", "us-west-2", 7_800),
    ],
)
def test_distance_is_the_great_circle(first: str, second: str, km: float, regions: Regions) -> None:
    assert regions.distance_km(first, second) == pytest.approx(km, rel=0.04)
    assert regions.distance_km(second, first) == pytest.approx(regions.distance_km(first, second))


def test_distance_by_the_haversine_formula_worked_out(regions: Regions) -> None:
    one, two = regions["eu-west-1"], regions["eu-central-1"]
    # the law of cosines gives the same arc as the haversine
    lat1, lat2, apart = map(math.radians, (one.lat, two.lat, two.lon - one.lon))
    arc = math.acos(math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(apart))
    assert regions.distance_km("eu-west-1", "eu-central-1") == pytest.approx(6371 * arc, abs=0.01)
    assert regions.distance_km("eu-west-1", "eu-west-1") == 0


def test_latency_is_measured_or_unknown(regions: Regions) -> None:
    measured = regions.latency_ms("us-east-1", "us-east-2")
    assert measured is not None
    assert 5 < measured < 30
    assert regions.latency_ms("us-east-1", "mx-central-1") is None


@pytest.mark.parametrize("code", ["us-east1", "eu-centrl-1", "US-EAST-1", "", "us-east-1 "])
def test_an_unknown_region_is_refused_with_the_nearest(code: str, regions: Regions) -> None:
    with pytest.raises(UnsupportedError, match="is not an AWS region of the snapshot"):
        regions[code]
    assert code not in regions


def test_a_slip_of_the_pen_gets_a_hint(regions: Regions) -> None:
    with pytest.raises(UnsupportedError, match="did you mean eu-central-1"):
        regions["eu-centrl-1"]


@pytest.mark.parametrize(
    ("code", "residency", "allowed"),
    [
        ("eu-central-1", ["EU"], True),
        ("eu-north-1", ["EU"], True),
        ("eu-west-2", ["EU"], False),  # London left with the United Kingdom
        ("eu-central-2", ["EU"], False),  # Zurich never was inside
        ("eu-west-2", ["EU", "GB"], True),
        ("us-east-1", ["EU"], False),
        ("us-east-1", ["US", "CA"], True),
        ("ca-central-1", ["US", "CA"], True),
        ("ca-central-1", ["US"], False),
        ("eu-central-1", ["DE"], True),
        ("eu-west-3", ["DE"], False),
        ("sa-east-1", [], True),
    ],
)
def test_residency_decides_who_may_hold_the_data(
    code: str, residency: list[str], allowed: bool, regions: Regions
) -> None:
    assert regions[code].may_hold(residency) is allowed


def test_regions_of_the_union_are_those_in_its_member_states(regions: Regions) -> None:
    inside = [region.code for region in regions.commercial() if region.may_hold(["EU"])]
    assert inside == [
        "eu-central-1",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-3",
    ]
