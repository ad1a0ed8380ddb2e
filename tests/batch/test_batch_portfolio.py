"""The bundled portfolio, run as `make portfolio` does."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from drkit.cli import main
from drkit.files.bundled import data_dir
from drkit.runs.design import run_design

pytestmark = pytest.mark.slow
SAMPLES = "1000"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("portfolio") / "out"
    asked = ["batch", str(data_dir() / "portfolio.yaml"), "--out", str(folder), "-p", "samples", SAMPLES]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.stderr
    return folder


def test_every_run_of_the_bundled_portfolio_has_a_result(out: Path) -> None:
    with (out / "portfolio.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60 and {row["status"] for row in rows} == {"done"}
    # A strategy that is held fixed is what comes out, or nothing of it is possible there.
    assert {row["chosen_strategy"] for row in rows if row["strategy"] == "pilot_light"} <= {
        "pilot_light",
        "single_region",
    }
    assert all(float(row["monthly_usd"]) > 0 for row in rows)


def test_every_link_of_the_page_leads_somewhere(out: Path) -> None:
    links = re.findall(r'href="([^"]+)"', (out / "index.html").read_text(encoding="utf-8"))
    assert len(links) == 1 + 3 * 60
    assert all((out / unquote(link)).is_file() for link in links)


def test_a_run_leaves_the_files_of_drkit_design(out: Path, tmp_path: Path) -> None:
    run_design("article", tmp_path, {"samples": int(SAMPLES), "seed": 1})
    ours = out / "runs" / "article,rto_s=as-is,strategy=as-is"
    assert {path.name for path in tmp_path.iterdir()} < {path.name for path in ours.iterdir()}
    for name in ("bill.csv", "comparison.csv", "summary.json", "article.tfvars"):
        assert (ours / name).read_bytes() == (tmp_path / name).read_bytes()
