"""The catalog can be browsed: classes by region with their size and price, and what changed between snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit import figures
from drkit.errors import SnapshotError
from drkit.facts import browse
from drkit.facts.catalog import Catalog
from drkit.facts.own_prices import lay_over
from drkit.facts.prices import PriceBook
from drkit.report.tables import searchable


def test_classes_that_can_be_replicated_are_listed_with_size_and_price(catalog: Catalog) -> None:
    table = browse.classes(catalog, "us-east-1")
    assert table["legal"].all()
    assert not table["class"].str.contains(r"\.t[234]g?\.").any()
    row = (
        table[(table["class"] == "db.r6g.large") & (table["engine"] == "aurora-postgresql")]
        .set_index("storage")
        .loc["standard"]
    )
    assert (row["vcpu"], row["memory_gib"], row["usd_per_hour"]) == (2, 16, 0.26)
    assert row["usd_per_month"] == 189.8  # 0.26 x 730
    assert row["usd_per_gib_month"] == 11.86  # 189.80 / 16
    everything = browse.classes(catalog, "us-east-1", legal_only=False)
    assert set(everything.loc[~everything["legal"], "class"]) >= {"db.t3.medium", "cache.t3.micro"}
    assert set(browse.classes(catalog)["region"]) == set(catalog.prices.regions())


def test_a_table_can_be_searched_without_a_network_and_is_the_same_in_every_run(catalog: Catalog) -> None:
    frame = browse.classes(catalog, "eu-north-1")
    first, again = searchable(frame, "Classes"), searchable(frame, "Classes")
    assert first == again
    assert "db.r6g.large" in first._repr_html_()
    assert len(first.html) > len(searchable(frame, "Classes", library=False).html) + 100_000
    assert repr(first) == f"Searchable({len(frame):,} rows)"


def test_changes_are_counted_from_the_snapshot_that_is_named(catalog: Catalog, tmp_path: Path) -> None:
    assert browse.changed("embedded", catalog).empty
    own = tmp_path / "own.csv"
    own.write_text("service,item,region,percent\nAWSELB,alb/hour,*,10\n")
    laid = lay_over(catalog.snapshot, own)
    other = Catalog(laid, PriceBook(laid), catalog.support, catalog.regions)
    changed = browse.changed("embedded", other)
    assert len(changed) == 16
    assert set(changed["change"]) == {"up"}
    assert set(changed["percent"]) == {10.0}
    with pytest.raises(SnapshotError, match="no snapshot is called"):
        browse.changed("nothing", catalog)


def test_prices_are_drawn_against_memory_or_vcpu(catalog: Catalog) -> None:
    for against, label, most in (("memory", "memory [GiB] (logarithmic)", 1536), ("vcpu", "vCPU (logarithmic)", 192)):
        axes = figures.class_prices(catalog, "aurora", "us-east-1", against=against).axes[0]  # type: ignore[arg-type]
        assert axes.get_xlabel() == label
        drawn = [float(x) for points in axes.collections for x in points.get_offsets()[:, 0]]
        assert max(drawn) == most
