"""Commands for those who decide: the report."""

from __future__ import annotations

import warnings
from pathlib import Path

import click

from drkit.cli.shared_options import comparison_options, load_catalog


@click.command()
@click.argument("workload")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="HTML file to write; out/WORKLOAD/report.html by default.",
)
@click.option("--pdf/--no-pdf", "as_pdf", default=None, help="Print a PDF beside it; done where a browser is present.")
@comparison_options
def report(
    workload: str,
    out: Path | None,
    as_pdf: bool | None,
    seed: int,
    samples: int,
    snapshot: str | None,
    own_prices: Path | None,
) -> None:
    r"""Write the decision about a WORKLOAD as one HTML file, and as PDF where a browser is present.

    The first screen is for those who decide; below it stand the options, the bill line by line, recovery, what was
    rejected and why, every assumption and where each figure comes from. The file asks for nothing from anywhere.

    \b
    Examples:
      drkit report article
      drkit report shop.yaml --out shop.html --no-pdf
    """
    from drkit.choice.compare import compare_topologies
    from drkit.report.decision import write_report
    from drkit.workload import file as workload_file

    catalog = load_catalog(snapshot, own_prices)
    system = workload_file.read(workload, catalog)
    target = out or Path("out") / Path(workload).stem / "report.html"
    comparison = compare_topologies(system, catalog, seed, samples)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        written = write_report(comparison, target, as_pdf=as_pdf)
    for path in written:
        click.echo(f"{path} written")
    for warning in caught:
        click.echo(f"Warning: {warning.message}", err=True)
