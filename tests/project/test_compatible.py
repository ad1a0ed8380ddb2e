"""Files that 0.1 wrote are read by this version: one of each lies in tests/compatible/0.1 and stays as it is."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from drkit.cli import main

OLD = Path(__file__).parents[1] / "compatible" / "0.1"


def drkit(*words: str) -> str:
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(("name", "region"), [("payments-br", "sa-east-1"), ("my-shop", "eu-west-1")])
def test_a_workload_file_of_0_1_is_compared(name: str, region: str) -> None:
    text = drkit("compare", str(OLD / f"{name}.yaml"), "--samples", "500", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["primary_region"] for row in rows} == {region}
    assert [row["meets_objectives"] for row in rows if row["chosen"] == "True"] == ["True"]


def test_a_portfolio_of_0_1_is_planned(tmp_path: Path) -> None:
    told = drkit("batch", str(OLD / "portfolio.yaml"), "--out", str(tmp_path / "out"), "--dry-run")
    # Five workloads, three recovery times, four strategies.
    assert len(re.findall(r"\brto_s=", told)) == 5 * 3 * 4
