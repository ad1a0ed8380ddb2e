"""PriceBook: exactly one row, or an error that says what is near."""

from __future__ import annotations

import dataclasses
import random
import re
from unittest import mock

import pytest
from fuzzing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from drkit.errors import PriceError
from drkit.facts.catalog import Catalog
from drkit.facts.prices import PriceBook


@pytest.fixture(scope="module")
def prices(catalog: Catalog) -> PriceBook:
    return catalog.prices


def test_a_lookup_returns_the_row_with_its_provenance(prices: PriceBook) -> None:
    found = prices.find("AmazonRDS", "instance/aurora-postgresql/db.r6g.large/standard", "us-east-1")
    assert (found.usd, found.unit, found.basis) == (0.26, "instance-hour", "observed")
    assert found.source
    assert found.as_of


def test_transfer_is_found_by_the_pair_and_its_direction(prices: PriceBook) -> None:
    assert prices.find("AWSDataTransfer", "inter_region", "us-east-1", "us-east-2").usd == 0.01
    assert prices.find("AWSDataTransfer", "inter_region", "us-east-1", "sa-east-1").usd == 0.02
    assert prices.find("AWSDataTransfer", "inter_region", "sa-east-1", "us-east-1").usd == 0.138


WRONG = {
    "service": (("AmazonRdS", "cluster/backup", "us-east-1"), "the nearest are AmazonRDS"),
    "item": (("AmazonRDS", "cluster/backups", "us-east-1"), "the nearest are cluster/backup"),
    "region": (("AmazonRDS", "cluster/backup", "us-east-3"), "it is known for ap-northeast-1, "),
    "unknown region": (("AmazonRDS", "cluster/backup", "me-south-1"), "us-east-1, us-east-2, us-west-1, us-west-2"),
    "empty region": (("AmazonRDS", "cluster/backup", ""), "it is known for ap-northeast-1, "),
    "pair on what has none": (
        ("AmazonRDS", "cluster/backup", "us-east-1", "us-east-2"),
        "it is known for (none)",
    ),
    "no pair on what needs one": (("AWSDataTransfer", "inter_region", "us-east-1"), "it is known for ap-"),
    "same region": (
        ("AWSDataTransfer", "inter_region", "us-east-1", "us-east-1"),
        "it is known for ap-northeast-1",
    ),
    "purchase": (("AmazonRDS", "cluster/backup", "us-east-1", "", "spot"), "it is known for on_demand"),
    "nothing alike": (("AmazonRDS", "zzzz", "us-east-1"), "known are cluster/backtrack"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_lookup_that_matches_nothing_says_what_is_near(case: str, prices: PriceBook) -> None:
    lookup, near = WRONG[case]
    with pytest.raises(PriceError) as caught:
        prices.find(*lookup)
    assert str(caught.value).startswith(f"no price matches {lookup[0]} {lookup[1]} in ")
    assert near in str(caught.value)
    assert not prices.has(*lookup)
    with pytest.raises(PriceError):
        prices.tiers(*lookup)
    with pytest.raises(PriceError):
        prices.charge(lookup[0], lookup[1], lookup[2], 1.0, *lookup[3:])


def test_a_price_error_is_a_lookup_error(prices: PriceBook) -> None:
    with pytest.raises(LookupError):
        prices.find("AmazonRDS", "cluster/backup", "us-east-3")


def test_a_lookup_that_matches_several_tiers_names_them(prices: PriceBook) -> None:
    with pytest.raises(PriceError, match="3 prices match AmazonS3 standard/storage in us-east-1, on_demand") as caught:
        prices.find("AmazonS3", "standard/storage", "us-east-1")
    assert "0 to 51200 GB-month, 51200 to 512000 GB-month, 512000 to inf GB-month" in str(caught.value)


@pytest.mark.parametrize(
    ("quantity", "parts"),
    [
        (0, []),
        (1, [(0.023, 1)]),
        (51_200, [(0.023, 51_200)]),
        (51_201, [(0.023, 51_200), (0.022, 1)]),
        (600_000, [(0.023, 51_200), (0.022, 460_800), (0.021, 88_000)]),
    ],
)
def test_a_quantity_is_split_over_its_tiers(
    quantity: float, parts: list[tuple[float, float]], prices: PriceBook
) -> None:
    charged = prices.charge("AmazonS3", "standard/storage", "us-east-1", quantity)
    assert [(price.usd, amount) for price, amount in charged] == parts


def test_what_was_bought_before_moves_a_quantity_up_the_tiers(prices: PriceBook) -> None:
    charged = prices.charge("AWSDataTransfer", "internet_egress", "us-east-1", 10_200, start=60)
    assert [(price.usd, amount) for price, amount in charged] == [(0.0, 40), (0.09, 10_140), (0.085, 20)]


def test_a_quantity_beyond_the_last_known_tier_is_refused(prices: PriceBook) -> None:
    with pytest.raises(PriceError, match=r"26 zone-month of .*hosted_zone.* reach beyond 25"):
        prices.charge("AmazonRoute53", "hosted_zone", "global", 26)


@pytest.mark.parametrize("quantity", [-1.0, float("nan")])
def test_a_quantity_that_is_none_is_refused_and_not_free(quantity: float, prices: PriceBook) -> None:
    with pytest.raises(PriceError):
        prices.charge("AmazonS3", "standard/storage", "us-east-1", quantity)


ROW = ("S", "thing", "us-east-1", "", "GB", "1.5", "", "", "on_demand", "", "2026", "src", "observed")


def _book(catalog: Catalog, *rows: tuple[str, ...]) -> PriceBook:
    return PriceBook(dataclasses.replace(catalog.snapshot, tables={"prices": rows}))


def _tier(start: str, end: str) -> tuple[str, ...]:
    return (*ROW[:6], start, end, *ROW[8:])


def test_two_rows_for_one_lookup_are_refused(catalog: Catalog) -> None:
    book = _book(catalog, ROW, (*ROW[:5], "2.5", *ROW[6:]))
    with pytest.raises(PriceError):
        book.find("S", "thing", "us-east-1")
    with pytest.raises(PriceError):
        book.charge("S", "thing", "us-east-1", 1)


@pytest.mark.parametrize("second", [("90", ""), ("110", "")])
def test_tiers_that_overlap_or_leave_a_gap_are_refused(second: tuple[str, str], catalog: Catalog) -> None:
    book = _book(catalog, _tier("0", "100"), _tier(*second))
    with pytest.raises(PriceError, match="do not meet at 100"):
        book.charge("S", "thing", "us-east-1", 200)


def test_a_first_tier_that_begins_above_zero_does_not_make_the_start_free(catalog: Catalog) -> None:
    book = _book(catalog, _tier("100", ""))
    with pytest.raises(PriceError):
        book.charge("S", "thing", "us-east-1", 150)


def test_the_frame_filters_and_keeps_columns_and_numbers(prices: PriceBook) -> None:
    frame = prices.frame(service="AmazonECS", region="us-east-1", item="fargate/linux_arm64/*")
    assert list(frame["item"]) == ["fargate/linux_arm64/memory", "fargate/linux_arm64/vcpu"]
    assert list(frame["usd"]) == [0.00356, 0.03238]
    assert len(prices.frame()) == len(prices.snapshot.tables["prices"])


@pytest.mark.parametrize(
    "filters", [{"service": "AmazonRD"}, {"region": "us-east-9"}, {"item": "cluster/bakup"}, {"item": "zz*"}]
)
def test_a_filter_that_matches_nothing_is_an_error_with_what_is_near(
    filters: dict[str, str], prices: PriceBook
) -> None:
    ((name, value),) = filters.items()
    with pytest.raises(PriceError, match=re.escape(f"no price has {name} {value!r}")):
        prices.frame(**filters)


# Mutated lookups ----------------------------------------------------------------------------------------------------

BOOK = Catalog.load().prices
KEYS = sorted({(row[0], row[1], row[2], row[3], row[8]) for row in BOOK.snapshot.tables["prices"]})
REGION_CODES = sorted({key[2] for key in KEYS} | {"us-gov-east-1", "me-south-1", "cn-north-1", "US-EAST-1", "use1"})


def _edit(text: str, at: int, kind: str, letter: str) -> str:
    at = at % (len(text) + 1)
    return {
        "insert": text[:at] + letter + text[at:],
        "delete": text[:at] + text[at + 1 :],
        "replace": text[:at] + letter + text[at + 1 :],
        "upper": text.upper(),
        "lower": text.lower(),
        "space before": " " + text,
        "space after": text + " ",
        "slash after": text + "/",
        "empty": "",
        "star": text[:at] + "*",
    }[kind]


KINDS = ["insert", "delete", "replace", "upper", "lower", "space before", "space after", "slash after", "empty", "star"]


def _mutated(chance: random.Random) -> tuple[str, ...]:
    """A real key with one to three attributes edited, swapped with another key's, or moved to another region."""
    key = list(chance.choice(KEYS))
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(5)
        how = chance.choice(["edit", "other key", "other region", "swap"])
        if how == "edit":
            key[at] = _edit(key[at], chance.randrange(60), chance.choice(KINDS), chance.choice("a0-./ \t_é"))
        elif how == "other key":
            key[at] = chance.choice(KEYS)[at]
        elif how == "other region":
            key[chance.choice([2, 3])] = chance.choice(REGION_CODES)
        else:
            other = chance.randrange(5)
            key[at], key[other] = key[other], key[at]
    return tuple(key)


# Each example tries 25 lookups: drawing them one by one would take longer than looking them up.
@settings(max_examples=examples(120), deadline=None, database=None, derandomize=True)
@given(seed=st.integers(0, 2**32), quantity=st.floats(1e-6, 1e9))
def test_no_mutated_lookup_finds_a_zero_price_or_another_regions(seed: int, quantity: float) -> None:
    chance = random.Random(seed)
    # Looking for near names takes most of the time, and other tests look at them.
    with mock.patch("difflib.get_close_matches", return_value=[]):
        for _ in range(25):
            _check_lookup(_mutated(chance), quantity)


def _check_lookup(key: tuple[str, ...], quantity: float) -> None:
    service, item, region, to_region, purchase = key
    try:
        rows = BOOK.tiers(*key)
    except PriceError as error:
        assert not BOOK.has(*key)
        assert str(error).startswith("no price matches ")
        return
    for row in rows:
        assert (row.service, row.item, row.region, row.to_region, row.purchase) == key
        assert row.usd > 0 or (row.item == "internet_egress" and row.tier_to == 100)
    try:
        charged = BOOK.charge(service, item, region, quantity, to_region, purchase)
    except PriceError as error:
        assert "reach beyond" in str(error)
        return
    assert sum(amount for _, amount in charged) == pytest.approx(quantity)
    beyond_free = max(0.0, quantity - 100) if item == "internet_egress" else quantity
    assert sum(amount for price, amount in charged if price.usd > 0) == pytest.approx(beyond_free, abs=1e-6)
