"""Snapshots in the user's cache: those of earlier versions are read, and nobody else's file is written over."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from drkit.errors import RefreshError
from drkit.facts import cache, own_prices, snapshot_diff
from drkit.facts.catalog import Catalog
from drkit.facts.verify import ERROR, verify

#: Written by `drkit catalog refresh` of 0.1, from the prices of one family in one region.
OLD = Path(__file__).parents[1] / "compatible" / "0.1" / "snapshot"
NAME = "2026-12-01-01e64904"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DRKIT_SNAPSHOT", raising=False)
    shutil.copytree(OLD, tmp_path / "cache" / "snapshots" / NAME)
    return tmp_path / "cache"


def test_a_snapshot_of_0_1_is_found_loaded_and_compared() -> None:
    info = cache.latest()
    assert info is not None
    assert (info.name, info.date, info.offers, info.base) == (NAME, "2026-12-01", 1, "2026-11-23, b72cefdd1f6e")
    catalog = Catalog.load("latest")
    price = catalog.prices.find("AmazonRDS", "instance/aurora-postgresql/db.r6g.large/standard", "us-east-1")
    assert (price.usd, price.as_of, price.source) == (0.27, "2026-11-20", "AmazonRDS-20261120195514")
    assert [offer["version"] for offer in catalog.snapshot.offers] == ["20261120195514"]
    assert [finding for finding in verify(catalog) if finding.kind == ERROR] == []
    changes = snapshot_diff.between(Catalog.load("embedded").snapshot, catalog.snapshot)
    assert {change.before for change in changes if change.item == price.item and change.change == "up"} >= {0.26}


def test_the_same_tables_are_written_under_the_name_that_0_1_gave_them(folder: Path) -> None:
    old = Catalog.load(NAME).snapshot
    before = {path.name: path.read_bytes() for path in OLD.iterdir()}
    extras = {"offers": old.offers, "base": "another"}
    with cache.lock():
        name, path = cache.add({f"{name}.csv": rows for name, rows in old.tables.items()}, old.date, extras)
    assert (name, path) == (NAME, folder / "snapshots" / NAME)
    after = {path.name: path.read_bytes() for path in path.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"manifest.json"}, "the time it was made"
    assert cache.snapshots()[-1].base == "2026-11-23, b72cefdd1f6e"


def test_own_prices_are_laid_over_a_snapshot_of_0_1(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("service,item,region,percent\nAmazonRDS,instance/*,us-east-1,-10\n")
    name, _ = own_prices.add_to_cache(Catalog.load(NAME).snapshot, own)
    item = "instance/aurora-postgresql/db.r6g.large/standard"
    assert Catalog.load(name).prices.find("AmazonRDS", item, "us-east-1").usd == pytest.approx(0.243)
    assert [info.own_prices for info in cache.snapshots()] == ["", "", "own.csv"]


def test_a_link_in_the_place_of_the_lock_is_not_followed(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    (folder / "lock").symlink_to(other)
    with pytest.raises(RefreshError, match=r"cannot write to the cache .*lock is a link: remove it\): set DRKIT_CACHE"):
        cache.prune(0)
    assert other.read_text() == "mine"
    assert len(cache.snapshots()) == 2


def test_the_lock_of_0_1_is_taken(folder: Path) -> None:
    (folder / "lock").write_text("process 12345")
    with cache.lock(), pytest.raises(RefreshError, match=f"process {os.getpid()} is working on the cache"):
        cache.prune(0)
