"""The report for those who decide: what it says is what was computed, and it needs nothing from anywhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from drkit.choice.comparison import Comparison
from drkit.cli import main
from drkit.errors import DrkitError, ParameterError
from drkit.facts.catalog import Catalog
from drkit.report.decision import html, pdf, write_report
from drkit.report.decision.page import asked_for, command, tiles, title

DAY = "2026-11-25"


class Page(HTMLParser):
    """What a page links to and says: attributes that load something, tags, tables by the heading above them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.anchors: set[str] = set()
        self.titles: list[str] = []
        self.opened: list[bool] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.loads += [given[name] or "" for name in ("src", "href", "data", "action", "srcset") if name in given]
        if "id" in given:
            self.anchors.add(str(given["id"]))
        if tag == "details":
            self.opened.append("open" in given)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["title"] and data.strip():
            self.titles.append(data)
        self.words.append(data)


@pytest.fixture(scope="module")
def article(comparisons: Mapping[str, Comparison]) -> str:
    return html(comparisons["article"], DAY)


def test_no_request_can_leave_the_page(article: str) -> None:
    page = Page(article)
    assert all(place.startswith(("data:", "#")) for place in page.loads)
    assert {place[1:] for place in page.loads if place.startswith("#")} <= page.anchors
    assert not {"script", "iframe", "link", "object", "form"} & set(page.tags)
    assert "default-src 'none'" in article
    assert not re.search(r"url\((?!#)|@import", article)


def test_the_page_names_every_topology_and_why_it_was_not_chosen(
    article: str, comparisons: Mapping[str, Comparison]
) -> None:
    comparison = comparisons["article"]
    said = " ".join(Page(article).words)
    for option in comparison.options:
        assert option.topology_id in said
        assert comparison.why_not(option) in said
    for topology in comparison.rejected:
        assert topology.topology_id in said
    assert f"Each of the other {len(comparison.options) + len(comparison.rejected) - 1} topologies" in said


def test_the_page_holds_every_line_of_the_bill_with_its_basis_and_source(
    article: str, comparisons: Mapping[str, Comparison]
) -> None:
    said = Page(article).words
    for line in comparisons["article"].chosen.bill.lines:
        assert line.item in said
        assert f"{line.monthly_usd:,.2f}" in said
        assert {line.basis, line.as_of, line.source} <= set(said)


def test_the_page_holds_every_assumption_and_every_file_of_the_snapshot(
    article: str, comparisons: Mapping[str, Comparison]
) -> None:
    comparison = comparisons["article"]
    said = set(Page(article).words)
    assert set(comparison.assumptions) <= said
    assert {entry["sha256"] for entry in comparison.catalog.snapshot.manifest["files"].values()} <= said  # type: ignore[attr-defined]


def test_pictures_carry_their_finding_for_those_who_do_not_see_them(article: str) -> None:
    page = Page(article)
    assert page.tags.count("svg") == 7
    assert "img" not in page.tags
    head, *findings = page.titles
    assert head == "article: disaster recovery decision"
    assert len(findings) == 7
    assert findings[0].startswith("Pilot light in us-west-2: data is live there")


@pytest.mark.slow
def test_the_same_comparison_and_day_make_the_same_bytes(article: str, comparisons: Mapping[str, Comparison]) -> None:
    assert html(comparisons["article"], DAY) == article


@pytest.mark.parametrize(
    ("workload", "says"),
    [
        ("article", "article comes nearest to its objectives with a pilot light in us-west-2"),
        ("eu-shop", "eu-shop survives the loss of eu-central-1 with a headless pilot light in eu-north-1"),
        ("payments-br", "payments-br survives the loss of sa-east-1 with a warm standby in us-east-2"),
    ],
)
def test_the_title_is_the_decision(workload: str, says: str, comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons[workload]
    assert comparison.chosen.topology.failover_region in says
    assert title(comparison) == says


def test_the_first_screen_says_what_was_computed(comparisons: Mapping[str, Comparison]) -> None:
    for comparison in comparisons.values():
        cost, rto, rpo, loss = tiles(comparison)
        chosen, wanted = comparison.chosen, comparison.workload.objectives
        assert cost.figure == f"{chosen.bill.monthly_usd:,.0f} USD"
        assert (rto.verdict == "met") == (chosen.judgement.p_meets_rto >= wanted.probability)
        assert (rpo.verdict == "met") == (chosen.judgement.p_meets_rpo >= wanted.probability)
        assert loss.figure == f"{chosen.recovery.expected_yearly_loss_usd:,.0f} USD"
        extra = chosen.bill.monthly_usd - comparison.today.bill.monthly_usd
        assert asked_for(comparison)[0].startswith(f"{extra:,.2f} USD a month")
        for miss in chosen.misses:
            assert any(miss in sentence for sentence in asked_for(comparison))


@pytest.mark.slow
def test_what_an_auditor_unfolds_is_open_on_paper(comparisons: Mapping[str, Comparison], article: str) -> None:
    assert not any(Page(article).opened)
    assert all(Page(html(comparisons["article"], DAY, unfolded=True)).opened)


def test_a_report_is_an_html_file(comparisons: Mapping[str, Comparison], tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"'report\.txt' has to end in \.html"):
        write_report(comparisons["article"], tmp_path / "report.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_pdf_without_a_browser_is_refused_in_a_sentence(
    comparisons: Mapping[str, Comparison], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ParameterError, match=r"none of chromium, .* is on the PATH"):
        write_report(comparisons["article"], tmp_path / "report.html", as_pdf=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_without_a_browser_the_page_is_written_alone(
    comparisons: Mapping[str, Comparison], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert write_report(comparisons["article"], tmp_path / "report.html") == [tmp_path / "report.html"]


@pytest.mark.slow
def test_a_browser_that_fails_leaves_the_old_report_alone(
    comparisons: Mapping[str, Comparison], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bin" / "chromium"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'no display here' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:/bin:/usr/bin")
    old = tmp_path / "report.html"
    old.write_text("old")
    with pytest.raises(DrkitError, match=r"did not print the report: no display here; without a PDF \(--no-pdf"):
        write_report(comparisons["article"], old, as_pdf=True)
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "report.html"]
    # Nobody asked for a PDF: the page is written, and told that it is alone.
    with pytest.warns(UserWarning, match="no display here"):
        assert write_report(comparisons["article"], old) == [old]
    assert old.read_text().startswith("<!DOCTYPE html>")
    done = CliRunner().invoke(main, ["report", "small-saas", "--samples", "2000", "--out", str(old)])
    assert (done.exit_code, done.stdout) == (0, f"{old} written\n")
    assert done.stderr.startswith("Warning: ")


def test_the_command_that_makes_the_figures_again_names_snapshot_and_prices(
    comparisons: Mapping[str, Comparison], tmp_path: Path
) -> None:
    article = comparisons["article"]
    assert command(article) == "drkit report article --seed 1 --samples 4000"
    prices = tmp_path / "negotiated.csv"
    prices.write_text("service,item,region,usd\nAWSELB,alb/hour,us-east-1,0.02\n")
    own = replace(article, catalog=Catalog.load("embedded", prices))
    assert command(own) == "drkit report article --seed 1 --samples 4000 --prices negotiated.csv"
    lying = replace(own.catalog.snapshot, path=tmp_path / "2026-11-20", manifest=article.catalog.snapshot.manifest)
    shop = replace(article, workload=article.workload.model_copy(update={"name": "shop"}))
    shop = replace(shop, catalog=replace(shop.catalog, snapshot=lying))
    assert command(shop) == "drkit report shop.yaml --seed 1 --samples 4000 --snapshot 2026-11-20"


@pytest.mark.slow
@pytest.mark.skipif(pdf.find_browser() is None, reason="no browser of Chromium's family is on the PATH")
def test_the_command_writes_the_page_and_prints_it(tmp_path: Path) -> None:
    target = tmp_path / "small.html"
    done = CliRunner().invoke(main, ["report", "small-saas", "--samples", "2000", "--out", str(target)])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [f"{target} written", f"{target.with_suffix('.pdf')} written"]
    printed = target.with_suffix(".pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 8
    if shutil.which("pdftotext"):
        import subprocess

        text = subprocess.run(
            ["pdftotext", str(target.with_suffix(".pdf")), "-"], capture_output=True, text=True, check=True
        )
        assert "What was rejected, and why" in text.stdout
