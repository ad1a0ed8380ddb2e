"""Unit prices of many designs by array are those of single lookups, and as quick as an array is."""

from __future__ import annotations

import time

import numpy as np
import pytest

from drkit.errors import PriceError
from drkit.facts.catalog import Catalog
from drkit.facts.price_table import PriceTable


def test_an_array_of_designs_gets_the_prices_of_single_lookups(catalog: Catalog) -> None:
    items = list(catalog.prices.items("instance/aurora-postgresql/db.r6g.", "us-east-1"))
    regions = ["us-east-1", "eu-west-1", "sa-east-1"]
    table = PriceTable(catalog.prices, "AmazonRDS", items, regions)
    which = np.array([[0, 1], [2, 0]])
    where = np.array([[2, 1], [0, 0]])
    found = table.take(which, where)
    for at in np.ndindex(2, 2):
        assert found[at] == catalog.prices.find("AmazonRDS", items[which[at]], regions[where[at]]).usd


def test_a_design_without_a_price_is_named(catalog: Catalog) -> None:
    table = PriceTable(catalog.prices, "AWSELB", ["alb/hour"], ["us-east-1", "eu-south-1"])
    assert np.isnan(table.usd[0, 1])
    with pytest.raises(PriceError, match="alb/hour in eu-south-1"):
        table.take(np.array([0, 0]), np.array([0, 1]))


def test_a_price_in_tiers_is_no_single_figure(catalog: Catalog) -> None:
    with pytest.raises(PriceError, match="they differ in tier"):
        PriceTable(catalog.prices, "AWSDataTransfer", ["internet_egress"], ["us-east-1"])


def test_a_million_designs_take_less_than_a_single_lookup_each_would(catalog: Catalog) -> None:
    items = list(catalog.prices.items("instance/aurora-postgresql/", "us-east-1"))
    table = PriceTable(catalog.prices, "AmazonRDS", items, ["us-east-1"])
    which = np.random.default_rng(1).integers(0, len(items), 1_000_000)
    start = time.perf_counter()
    found = table.take(which, np.zeros_like(which))
    assert time.perf_counter() - start < 1
    assert found.shape == (1_000_000,)
