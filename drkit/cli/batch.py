"""The command that runs a portfolio."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click


@click.command()
@click.argument("portfolio", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the batch.")
@click.option("--notebook", help="A notebook of drkit or a file, instead of the portfolio's; 04_design by default.")
@click.option("--jobs", type=click.IntRange(1), help="Runs at a time; one for each processor by default.")
@click.option(
    "--memory",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GIB",
    help="Memory a run may take; an equal share of what is free by default.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="How long a run may take."
)
@click.option("--retry-failed", is_flag=True, help="Run again what failed before.")
@click.option("--dry-run", is_flag=True, help="Tell what would run and why, and run nothing.")
@click.option(
    "-p",
    "--parameter",
    "given",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="A notebook parameter of every run; can be given again.",
)
@click.pass_context
def batch(
    ctx: click.Context,
    portfolio: Path,
    out: Path,
    notebook: str | None,
    jobs: int | None,
    memory: float | None,
    timeout: float | None,
    retry_failed: bool,
    dry_run: bool,
    given: tuple[tuple[str, str], ...],
) -> None:
    r"""Run a notebook over a PORTFOLIO: a YAML file with workloads and a grid, or a folder of workloads.

    Leaves a folder for each run, portfolio.csv with a row a run, and index.html. A run whose inputs have not changed
    is not run again, so the same command goes on where a batch was stopped. Exit code 1: a run failed; 130: stopped.

    \b
    Examples:
      drkit batch portfolio.yaml --out out/portfolio
      drkit batch workloads/ --out out/nightly --jobs 8 --memory 2
      drkit batch portfolio.yaml --out out/portfolio --dry-run
    """
    from drkit import warm
    from drkit.batch import planning, runner, workers

    number, share = workers.shares(jobs, None if memory is None else int(memory * (1 << 30)))
    if warm.POSSIBLE and not dry_run:
        from drkit.warm import client

        # It imports while the inputs are checked.
        client.address()
    start = time.monotonic()
    plan = planning.make(portfolio, out, notebook, dict(given), retry_failed, timeout or 0.0, share)
    due = len(plan.due)
    if dry_run:
        for planned in plan.runs:
            click.echo(f"{'run ' if planned.due else 'keep'}  {planned.spec.name}  {planned.why}")
        for point in plan.skipped:
            click.echo(f"skip  {point.name}  {point.skipped}")
        click.echo(f"{due} of {len(plan.runs)} runs would run, {number} at a time", err=True)
        return
    click.echo(f"{due} of {len(plan.runs)} runs to do, {number} at a time", err=True)
    done = runner.run(plan, out, lambda: workers.local(number), progress=sys.stderr.isatty())
    click.echo(
        f"{len(done.records) - len(done.failed)} of {len(plan.runs)} runs have a result, {len(done.failed)} failed, "
        f"{len(done.missing)} not run; {len(done.ran)} ran now, in {time.monotonic() - start:.1f} s"
    )
    for name in done.failed:
        if name not in done.ran:
            click.echo(f"failed before: {name}: --retry-failed runs it again", err=True)
    for path in ("index.html", "portfolio.csv"):
        click.echo(f"  {out / path}")
    if done.interrupted:
        ctx.exit(130)
    if not done.succeeded:
        ctx.exit(1)
