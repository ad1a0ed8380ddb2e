"""The snapshot is checked as a whole, a price explains itself, and one's own prices lie over it, marked."""

from __future__ import annotations

import csv
import datetime
import io
import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from drkit.cli import main
from drkit.errors import PriceError
from drkit.facts import cache as store
from drkit.facts import price_origin as explain
from drkit.facts import snapshot, verify
from drkit.facts import snapshot_diff as changes
from drkit.facts.catalog import Catalog
from drkit.facts.own_prices import lay_over
from drkit.facts.prices import PriceBook

ITEM = "instance/aurora-postgresql/db.r6g.large/standard"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DRKIT_SNAPSHOT", raising=False)
    return tmp_path / "cache"


def with_rows(catalog: Catalog, *rows: tuple[str, ...], without: str = "") -> Catalog:
    kept = [row for row in catalog.snapshot.tables["prices"] if not without or row[1] != without]
    changed = replace(catalog.snapshot, tables={**catalog.snapshot.tables, "prices": [*kept, *rows]})
    return replace(catalog, snapshot=changed, prices=PriceBook(changed))


def price(item: str, usd: str = "1", **cells: str) -> tuple[str, ...]:
    row = dict.fromkeys(snapshot.COLUMNS["prices.csv"], "") | {
        "service": "AmazonRDS", "item": item, "region": "us-east-1", "unit": "hour", "usd": usd,
        "purchase": "on_demand", "as_of": "2026-11-01", "source": "flexera-2023", "basis": "observed",
    }  # fmt: skip
    return tuple((row | cells).values())


@lru_cache(maxsize=1)
def known_findings() -> frozenset[verify.Finding]:
    return frozenset(verify.verify(Catalog.load("embedded")))


def found(catalog: Catalog, kind: str) -> list[str]:
    known = known_findings()
    return [f"{each.item}: {each.what}" for each in verify.verify(catalog) if each.kind == kind and each not in known]


def test_the_embedded_snapshot_has_no_price_that_cannot_be_right_or_deserves_a_look(catalog: Catalog) -> None:
    kinds = {finding.kind for finding in verify.verify(catalog)}
    assert kinds == {verify.GAP, verify.OLD, verify.NOT_OBSERVED}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "kind", "sentence"),
    [
        (price("x", "0"), verify.ERROR, "x: the price is '0': a price is a number above zero"),
        (price("x", "-1"), verify.ERROR, "the price is '-1'"),
        (price("x", "nan"), verify.ERROR, "the price is 'nan'"),
        (price("x", "n/a"), verify.ERROR, "the price is 'n/a'"),
        (price(ITEM, "n/a", region="eu-west-9"), verify.ERROR, f"{ITEM}: the price is 'n/a'"),
        (price("x", tier_from="x"), verify.ERROR, "tier_from is 'x': a tier is bounded by numbers"),
        (price("x", tier_to="-1"), verify.ERROR, "tier_to is '-1': a tier is bounded by numbers"),
        (price("x", as_of="yesterday"), verify.ERROR, "the date is 'yesterday'"),
        (price("x", basis="guess"), verify.ERROR, "the basis is 'guess'"),
        (price("x", unit=""), verify.ERROR, "the unit is missing"),
        (price("x", source="hearsay"), verify.ERROR, "the source 'hearsay' is not in sources.csv"),
        (price(ITEM), verify.ERROR, f"{ITEM}: two prices for one lookup (on_demand, from 0)"),
        (price("x", tier_from="5"), verify.ERROR, "no price is known from 0 on"),
        (price("instance/aurora-postgresql/db.z9.xlarge/standard", "5"), verify.WARNING, "2 times the size costs 5.00"),
        (
            price("instance/aurora-postgresql/db.z9.large/io_optimized", "2"),
            verify.WARNING,
            "I/O-Optimized costs 2.00 of Standard",
        ),
        (
            price(ITEM, "0.3", purchase="reserved_9y"),
            verify.WARNING,
            "reserved_9y costs 0.3, on demand 0.26: no saving",
        ),
    ],
)
def test_what_cannot_be_right_is_found(catalog: Catalog, row: tuple[str, ...], kind: str, sentence: str) -> None:
    broken = with_rows(catalog, price("instance/aurora-postgresql/db.z9.large/standard", "1"), row)
    assert any(sentence in line for line in found(broken, kind)), found(broken, kind)


@pytest.mark.slow
@pytest.mark.parametrize("cells", [{"usd": "n/a"}, {"tier_from": "x"}])
def test_a_row_that_is_no_price_is_told_once_and_the_rest_is_checked(
    cache: Path, catalog: Catalog, cells: dict[str, str]
) -> None:
    other = price("y", "-1")
    broken = with_rows(catalog, price(ITEM, **({"usd": "1", "purchase": "reserved_9y"} | cells)), other)  # type: ignore[arg-type]
    assert len(found(broken, verify.ERROR)) == 2
    tables = {f"{name}.csv": rows for name, rows in broken.snapshot.tables.items()}
    snapshot.write(cache / "broken", "2026-11-25", tables)
    done = CliRunner().invoke(main, ["catalog", "verify", "--snapshot", str(cache / "broken"), "--format", "json"])
    assert done.exit_code == 1
    assert [row["item"] for row in json.loads(done.stdout)][:2] == [ITEM, "y"]
    assert "2 error, 0 warning, 40 gap" in done.stderr


def test_snapshots_with_what_is_no_price_are_not_compared(cache: Path, catalog: Catalog) -> None:
    tables = {f"{name}.csv": rows for name, rows in with_rows(catalog, price("x", "n/a")).snapshot.tables.items()}
    snapshot.write(cache / "broken", "2026-11-25", tables)
    done = CliRunner().invoke(main, ["catalog", "diff", "embedded", str(cache / "broken")])
    assert done.exit_code == 2
    assert f"the price of x in us-east-1 is 'n/a' in {cache / 'broken'}: look at `drkit catalog verify`" in done.stderr


def test_the_summary_of_changes_says_which_purchase_moved_most(catalog: Catalog) -> None:
    before = with_rows(catalog, price("x", "1"), price("x", "1", purchase="reserved_1y_no_upfront"))
    after = with_rows(catalog, price("x", "1.1"), price("x", "2", purchase="reserved_1y_no_upfront"))
    moved = changes.between(before.snapshot, after.snapshot)
    assert changes.summary(moved) == ["AmazonRDS: 2 up; most x in us-east-1, reserved_1y_no_upfront, +100.0 %"]
    moved = changes.between(
        with_rows(catalog, price("x", to_region="eu-west-1")).snapshot,
        with_rows(catalog, price("x", "0.5", to_region="eu-west-1")).snapshot,
    )
    assert changes.summary(moved) == ["AmazonRDS: 1 down; most x in us-east-1 to eu-west-1, -50.0 %"]


def test_an_essential_price_that_is_missing_is_a_gap_in_every_region(catalog: Catalog) -> None:
    gaps = [f for f in verify.verify(with_rows(catalog, without="alb/lcu")) if f.item == "alb/lcu"]
    assert len(gaps) == 16
    assert {gap.kind for gap in gaps} == {verify.GAP}


def test_ages_are_counted_from_the_beginning_of_a_month_or_year() -> None:
    day = datetime.date(2026, 3, 1)
    assert [verify.age_days(as_of, day) for as_of in ("2026-02-28", "2026-02", "2026", "2025")] == [1, 28, 59, 424]


@pytest.mark.slow
def test_verify_exits_with_1_only_when_something_is_wrong(cache: Path, catalog: Catalog) -> None:
    done = CliRunner().invoke(main, ["catalog", "verify"])
    assert done.exit_code == 0
    assert "0 error, 0 warning, 40 gap" in done.stderr
    assert CliRunner().invoke(main, ["catalog", "verify", "--strict"]).exit_code == 1
    assert CliRunner().invoke(main, ["catalog", "verify", "--strict", "--max-age", "4000"]).exit_code == 0
    wrong = CliRunner().invoke(main, ["catalog", "verify", "--today", "soon"])
    assert wrong.exit_code == 2
    assert "--today is 'soon': write a day such as 2026-11-25" in wrong.stderr
    # Some prices are of March 2023: four days old on the fifth of that month.
    early = CliRunner().invoke(main, ["catalog", "verify", "--strict", "--today", "2023-03-05", "--max-age", "100"])
    assert early.exit_code == 1
    tables = {f"{name}.csv": rows for name, rows in with_rows(catalog, price("x", "0")).snapshot.tables.items()}
    snapshot.write(cache / "broken", "2026-11-25", tables)
    broken = CliRunner().invoke(main, ["catalog", "verify", "--snapshot", str(cache / "broken"), "--format", "json"])
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)[0]["what"] == "the price is '0': a price is a number above zero"


def test_a_price_explains_where_it_is_from_how_old_and_what_is_near(catalog: Catalog) -> None:
    told = explain.explain(catalog, "us-east-1", ITEM)
    text = "\n".join(told.sentences())
    assert "0.26 USD per instance-hour, 4U9P9G87PY8QVQH5" in text
    assert "observed, as of 2023-03-01 (1,363 days old), from flexera-2023" in text
    assert "in 15 other regions 0.26 (us-east-2) to 0.537 (sa-east-1)" in text
    assert "reserved_1y_no_upfront: 0.17 (-35%)" in text
    assert "instance/aurora-postgresql/db.r6g.xlarge/standard: 0.519" in text
    tiers = "\n".join(explain.explain(catalog, "eu-west-1", "internet_egress").sentences())
    assert "0.09 USD per GB from 100 to 10240 GB" in tiers


@pytest.mark.slow
def test_commands_count_how_old_a_price_is_to_the_day_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*more: str) -> str:
        return CliRunner().invoke(main, ["prices", "explain", "us-east-1", ITEM, *more]).stdout

    # Of the first of March 2023.
    assert "as of 2023-03-01 (31 days old)" in told("--today", "2023-04-01")
    day = datetime.datetime.now(datetime.UTC).date()
    assert f"as of 2023-03-01 ({(day - datetime.date(2023, 3, 1)).days:,} days old)" in told()
    verified = CliRunner().invoke(main, ["catalog", "verify", "--today", "2020-01-01", "--max-age", "100"])
    assert " 0 old" in verified.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("us-east-1", "db.r6g.large"), "no item is called 'db.r6g.large'"),
        (("us-east-9", ITEM), "it is known for ap-northeast-1"),
        (("us-east-1", "inter_region"), "no price matches AWSDataTransfer inter_region"),
    ],
)
def test_what_has_no_price_is_told_with_what_is_near(words: tuple[str, str], sentence: str) -> None:
    done = CliRunner().invoke(main, ["prices", "explain", *words])
    assert done.exit_code == 2
    assert sentence in done.stderr


def own(path: Path, *lines: str, columns: str = "service,item,region,usd,percent") -> Path:
    path.write_text("\n".join([columns, *lines]) + "\n")
    return path


def test_own_prices_lie_over_the_snapshot_and_are_marked(catalog: Catalog, tmp_path: Path) -> None:
    file = own(
        tmp_path / "mine.csv",
        "AmazonRDS,instance/aurora-postgresql/*,*,,-10",
        f"AmazonRDS,{ITEM},us-east-1,0.2,",
        "AWSELB,alb/hour,eu-west-1,0.02,",
    )
    laid = lay_over(catalog.snapshot, file)
    prices = PriceBook(laid)
    mine = prices.find("AmazonRDS", ITEM, "us-east-1")
    assert (mine.usd, mine.basis, mine.source) == (0.2, "observed:user", "mine.csv")
    # 0.29 x 0.9
    assert prices.find("AmazonRDS", ITEM, "eu-west-1").usd == pytest.approx(
        0.9 * catalog.prices.find("AmazonRDS", ITEM, "eu-west-1").usd
    )
    assert prices.find("AWSELB", "alb/hour", "eu-west-1").usd == 0.02
    assert prices.find("AWSELB", "alb/hour", "us-east-1") == catalog.prices.find("AWSELB", "alb/hour", "us-east-1")
    # A tenth off a price that nobody has observed is not observed either.
    derived = prices.find("AmazonRDS", ITEM.replace("/standard", "/io_optimized"), "eu-west-1")
    assert derived.basis == "derived:user_percent_of(1.30x_standard)"
    assert laid.digest != catalog.snapshot.digest
    assert catalog.prices.find("AmazonRDS", ITEM, "us-east-1").usd == 0.26
    assert [f for f in verify.verify(replace(catalog, snapshot=laid, prices=prices)) if f.kind == verify.ERROR] == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("AmazonRDS,,us-east-1,1,", "line 2: item is empty"),
        (f"AmazonRDS,{ITEM},us-east-1,,", "line 2: give usd or percent, one of them"),
        (f"AmazonRDS,{ITEM},us-east-1,1,5", "line 2: give usd or percent, one of them"),
        (f"AmazonRDS,{ITEM},us-east-1,cheap,", "usd is 'cheap': write a number such as 0.0225"),
        (f"AmazonRDS,{ITEM},us-east-1,-1,", "-1 makes a price below zero"),
        (f"AmazonRDS,{ITEM},us-east-1,,-100", "-100 makes a price below zero"),
        ("AmazonRDS,instance/aurora-postgresql/db.r6g.lage/standard,us-east-1,1,", "did you mean instance/aurora"),
        ("AmazonRDS,nothing/*,*,1,", "matches no price of the snapshot"),
        ("AWSELB,alb/hour,eu-west-1,0,021", "give usd or percent, one of them"),
        ("AWSELB,alb/hour,eu-west-1,0,,021", "line 2: there are more cells than columns (021 is left over)"),
        ("AWSELB,alb/hour,eu-west-1,0,", "line 2: usd is 0: a price is above zero"),
        ("\n\nAWSELB,alb/hour,eu-west-1,x,", "line 4: usd is 'x'"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(catalog: Catalog, tmp_path: Path, line: str, sentence: str) -> None:
    with pytest.raises(PriceError) as told:
        lay_over(catalog.snapshot, own(tmp_path / "mine.csv", line))
    assert sentence in str(told.value)


def test_another_unit_or_column_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    file = own(tmp_path / "u.csv", f"AmazonRDS,{ITEM},us-east-1,190,month", columns="service,item,region,usd,unit")
    with pytest.raises(PriceError, match="is priced per instance-hour, not per month: convert the price"):
        lay_over(catalog.snapshot, file)
    with pytest.raises(PriceError, match="has a column 'prize'"):
        lay_over(catalog.snapshot, own(tmp_path / "c.csv", "a,b,c,1", columns="service,item,region,prize"))
    with pytest.raises(PriceError, match="cannot read"):
        lay_over(catalog.snapshot, tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("columns", "line", "sentence"),
    [
        ("purchase", "AWSELB,alb/hour,eu-west-1,0.02,ondemand", "purchase is 'ondemand': nothing is bought so"),
        ("unit", "AWSELB,alb/hour,eu-west-9,0.02,hour", "region is 'eu-west-9': no region is called so; did you mean"),
        ("unit", "AWSELB,alb/houre,eu-west-1,0.02,hour", "is nothing that drkit buys; did you mean alb/hour?"),
        ("as_of", "AWSELB,alb/hour,eu-west-1,0.02,yesterday", "as_of is 'yesterday': write a day"),
        ("as_of", "AWSELB,alb/hour,eu-west-1,0.02,2026-13", "as_of is '2026-13': write a day"),
        ("as_of", "AWSELB,alb/hour,eu-west-1,0.02,2026-11-25x", "as_of is '2026-11-25x': write a day"),
        ("as_of", "AWSELB,alb/hour,eu-west-1,0.02,2026-11-2", "as_of is '2026-11-2': write a day"),
        ("purchase", "AWSELB,alb/hour,*,0.02,database_savings_plan_3y_no_upfront", "nothing is bought so"),
        ("source", "AWSELB,alb/hour,eu-west-1,0.02,flexera-2023", "which the snapshot calls one of its own"),
        (
            "tier_from",
            "AWSDataTransfer,internet_egress,eu-west-1,0.05,10240",
            "begin at 10240: no price is known from 0",
        ),
        ("tier_to", "AWSDataTransfer,internet_egress,eu-west-1,0.05,10240", "has no price above 10240"),
        ("tier_to", "AWSDataTransfer,internet_egress,*,0.05,10240", "one item in one region"),
        ("tier_from", "AWSDataTransfer,internet_egress,eu-west-1,0.05,-1", "a tier begins at 0 or above"),
    ],
)
def test_own_prices_that_no_bill_would_use_are_refused(
    catalog: Catalog, tmp_path: Path, columns: str, line: str, sentence: str
) -> None:
    file = own(tmp_path / "mine.csv", line, columns=f"service,item,region,usd,{columns}")
    with pytest.raises(PriceError, match="line 2: ") as told:
        lay_over(catalog.snapshot, file)
    assert sentence in str(told.value)


@pytest.mark.parametrize("content", ["", "service,item,region,usd\n", "\n\n"])
def test_own_prices_without_a_price_are_refused(catalog: Catalog, tmp_path: Path, content: str) -> None:
    (tmp_path / "mine.csv").write_text(content)
    with pytest.raises(PriceError, match=r"mine.csv holds no price: write service,item,region,usd"):
        lay_over(catalog.snapshot, tmp_path / "mine.csv")


@pytest.mark.parametrize("region", ["eu-west-1", "*"])
def test_one_own_price_takes_the_place_of_all_tiers_and_leaves_what_is_free(
    catalog: Catalog, tmp_path: Path, region: str
) -> None:
    file = own(
        tmp_path / "mine.csv",
        "AWSDataTransfer,internet_egress,*,,-10",
        f"AWSDataTransfer,internet_egress,{region},0.05,",
    )
    laid = lay_over(catalog.snapshot, file)
    tiers = PriceBook(laid).tiers("AWSDataTransfer", "internet_egress", "eu-west-1")
    assert [(tier.usd, tier.tier_from, tier.tier_to) for tier in tiers] == [(0, 0, 100), (0.05, 100, float("inf"))]
    assert [tier.source for tier in tiers] == [
        catalog.prices.tiers("AWSDataTransfer", "internet_egress", "eu-west-1")[0].source, "mine.csv",
    ]  # fmt: skip
    assert set(catalog.snapshot.tables["sources"]) < set(laid.tables["sources"])


@pytest.mark.parametrize("as_of", ["2026", "2026-11", "2026-11-25", ""])
def test_own_prices_may_be_of_a_year_a_month_or_a_day_and_have_empty_cells_at_the_end(
    catalog: Catalog, tmp_path: Path, as_of: str
) -> None:
    columns = "service,item,region,usd,as_of"
    file = own(tmp_path / "mine.csv", f"AWSELB,alb/hour,eu-west-1,0.02,{as_of},,", columns=columns)
    found = PriceBook(lay_over(catalog.snapshot, file)).find("AWSELB", "alb/hour", "eu-west-1")
    assert found.usd == 0.02
    assert as_of in ("", found.as_of)


def test_own_tiers_take_the_place_of_all_tiers(catalog: Catalog, tmp_path: Path) -> None:
    what = "AWSDataTransfer,internet_egress,eu-west-1"
    columns = "service,item,region,usd,tier_from,tier_to"
    file = own(tmp_path / "mine.csv", f"{what},0,0,500", f"{what},0.07,500,", f"{what},0.06,500.0,", columns=columns)
    tiers = PriceBook(lay_over(catalog.snapshot, file)).tiers("AWSDataTransfer", "internet_egress", "eu-west-1")
    assert [(tier.usd, tier.tier_from, tier.tier_to) for tier in tiers] == [(0, 0, 500), (0.06, 500, float("inf"))]


def test_own_prices_of_a_class_that_has_none_yet_are_taken(catalog: Catalog, tmp_path: Path) -> None:
    item = "instance/aurora-mysql/db.r8g.large/standard"
    assert not catalog.prices.has("AmazonRDS", item, "af-south-1")
    file = own(
        tmp_path / "n.csv", f"AmazonRDS,{item},af-south-1,0.5,instance-hour", columns="service,item,region,usd,unit"
    )
    assert PriceBook(lay_over(catalog.snapshot, file)).find("AmazonRDS", item, "af-south-1").usd == 0.5


@pytest.mark.slow
def test_own_prices_change_the_bill_and_show_there(tmp_path: Path) -> None:
    file = own(tmp_path / "mine.csv", "AWSELB,alb/hour,*,1,")
    kept = CliRunner().invoke(main, ["catalog", "overlay", str(file)])
    assert kept.exit_code == 0, kept.output
    entry = store.snapshots()[-1]
    assert f"--snapshot {entry.name}" in kept.stdout
    words = ["compare", "small-saas", "--samples", "200", "--format", "csv"]
    plain, over = (
        list(csv.DictReader(io.StringIO(CliRunner().invoke(main, [*words, *more]).stdout)))
        for more in ([], ["--prices", str(file)])
    )
    assert Catalog.load(entry.name).prices.find("AWSELB", "alb/hour", "eu-west-1").usd == 1
    # One load balancer at home: 730 hours at 1 USD in the place of 0.0225.
    first = next(row for row in plain if row["strategy"] == "single_region")
    other = next(row for row in over if row["strategy"] == "single_region")
    region = first["primary_region"]
    was = Catalog.load().prices.find("AWSELB", "alb/hour", region).usd
    assert float(other["monthly_usd"]) - float(first["monthly_usd"]) == pytest.approx(730 * (1 - was), abs=0.01)
