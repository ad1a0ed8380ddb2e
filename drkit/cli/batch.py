"""The command that runs a portfolio."""

from __future__ import annotations

import contextlib
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from drkit.batch.cluster import Cluster
    from drkit.batch.planning import Plan


class _Place(click.Path):
    """A folder, or a place in a store by its address, which stays as it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from drkit.batch import remote

        if isinstance(value, str) and remote.is_url(value):
            return value
        return super().convert(str(value).removeprefix("file://"), param, ctx)


@click.command()
@click.argument("portfolio", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=_Place(file_okay=False, path_type=Path),
    help="Folder of the batch, or a place in a store: s3://BUCKET/PREFIX.",
)
@click.option("--notebook", help="A notebook of drkit or a file, instead of the portfolio's; 04_design by default.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Runs at a time; by default one for each processor, fewer when memory is short.",
)
@click.option(
    "--memory",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GIB",
    help="Memory a run may take; an equal share of what is free by default.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="How long a run may take."
)
@click.option("--scheduler", metavar="ADDRESS", help="Run on the workers of a Dask cluster: tcp://HOST:8786.")
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
    out: Path | str,
    notebook: str | None,
    jobs: int | None,
    memory: float | None,
    timeout: float | None,
    scheduler: str | None,
    retry_failed: bool,
    dry_run: bool,
    given: tuple[tuple[str, str], ...],
) -> None:
    r"""Run a notebook over a PORTFOLIO: a YAML file with workloads and a grid, or a folder of workloads.

    Writes a folder for each run, portfolio.csv with a row a run, and index.html. A run whose inputs have not changed
    is not run again, so the same command resumes a batch that was stopped. Exit code 1: a run failed; 130: stopped.
    docs/cluster.md tells how to run on a cluster.

    \b
    Examples:
      drkit batch portfolio.yaml --out out/portfolio
      drkit batch workloads/ --out out/nightly --jobs 8 --memory 2
      drkit batch portfolio.yaml --out out/portfolio --dry-run
      drkit batch portfolio.yaml --out s3://bucket/nightly --scheduler tcp://10.0.0.5:8786
    """
    if not dry_run and not scheduler:
        from drkit.runs import warm

        warm.start()  # it imports while this process does, and checks the inputs
    from drkit.batch import planning, remote, runner, workers

    if scheduler and jobs:
        raise click.UsageError(
            "--jobs cannot be used with --scheduler: the workers' threads decide how many runs are at work"
        )
    asked = None if memory is None else int(memory * (1 << 30))
    # Without a limit a run on a cluster has its share of its worker's memory.
    number, share = (0, asked or 0) if scheduler else workers.shares(jobs, asked)
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        mirror = stack.enter_context(remote.mirrored(out, not dry_run)) if isinstance(out, str) else None
        folder = mirror.folder if mirror else out
        plan = planning.make(portfolio, folder, notebook, dict(given), retry_failed, timeout or 0.0, share)
        if dry_run:
            _tell(plan, "" if scheduler else f", {number} at a time")
            return

        @cache
        def executor() -> Executor:
            # It may be that no run is submitted, since another batch holds the folder: let go of the cluster here.
            return stack.enter_context(_connected(scheduler, plan)) if scheduler else workers.local(number)

        if not scheduler:
            click.echo(f"{len(plan.due)} of {len(plan.runs)} runs to do, {number} at a time", err=True)
        elif plan.due:
            executor()  # a cluster that cannot run it is refused before anything is written
        done = runner.run(plan, folder, executor, mirror, progress=sys.stderr.isatty())
    click.echo(
        f"{len(done.records) - len(done.failed)} of {len(plan.runs)} runs have a result, {len(done.failed)} failed, "
        f"{len(done.missing)} not run; {len(done.ran)} ran now, in {time.monotonic() - start:.1f} s"
    )
    for name in done.failed:
        if name not in done.ran:
            click.echo(f"failed before: {name}: --retry-failed runs it again", err=True)
    for name in ("index.html", "portfolio.csv"):
        click.echo(f"  {str(out).rstrip('/')}/{name}")
    if done.stopped:
        click.echo(f"Error: {done.stopped}", err=True)
    if done.interrupted:
        ctx.exit(130)
    if not done.succeeded:
        ctx.exit(1)


def _tell(plan: Plan, at_a_time: str) -> None:
    for planned in plan.runs:
        click.echo(f"{'run ' if planned.due else 'keep'}  {planned.spec.name}  {planned.why}")
    for point in plan.skipped:
        click.echo(f"skip  {point.name}  {point.skipped}")
    click.echo(f"{len(plan.due)} of {len(plan.runs)} runs would run{at_a_time}", err=True)


def _connected(scheduler: str, plan: Plan) -> Cluster:
    from drkit.batch.cluster import Cluster

    cluster = Cluster(scheduler)
    number, threads = cluster.workers
    where = f"{threads} at a time on {number} workers" if number else "once the scheduler has workers; it has none yet"
    click.echo(f"{len(plan.due)} of {len(plan.runs)} runs to do, {where}", err=True)
    return cluster
