"""Command for people without JupyterLab: the explorer as a web page."""

from __future__ import annotations

from pathlib import Path

import click

from drkit.cli.shared_options import load_catalog, prices_option, samples_option, seed_option, snapshot_option


@click.command()
@click.argument("workload", default="article")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 lets others in: they write below --out only.",
)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port to listen on; a free one by default.")
@click.option(
    "--token",
    envvar="DRKIT_TOKEN",
    help="What visitors must know, letters and digits; a new one by default. '' asks for none, on this machine.",
)
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--open", "open_browser", is_flag=True, help="Open the page in a browser.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that visitors write to and below, and nowhere else; out by default, where out/WORKLOAD is suggested.",
)
@seed_option
@samples_option
@snapshot_option
@prices_option
def serve(
    workload: str,
    host: str,
    port: int,
    token: str | None,
    theme: str,
    open_browser: bool,
    out: Path | None,
    seed: int,
    samples: int,
    snapshot: str | None,
    own_prices: Path | None,
) -> None:
    r"""Explore a WORKLOAD on a web page: objectives, costs, regions, strategies and sizes as controls.

    Prints the page's address, which only this machine reaches and which holds a token. Ctrl-C ends it.

    Visitors write to the folder of --out and below, and load bundled workloads and workload files from there, from the
    current folder and from below it; other files of this machine they neither read nor write.

    \b
    Examples:
      drkit serve
      drkit serve shop.yaml --port 8866 --open
    """
    from drkit.explorer import serving
    from drkit.workload import file as workload_file

    serving.check_address(host, token)
    catalog = load_catalog(snapshot)
    name = workload_file.read(workload, catalog).name
    if own_prices:
        from drkit.facts.own_prices import add_to_cache

        # The page has a kernel of its own: the prices go to it as a snapshot.
        snapshot = add_to_cache(catalog.snapshot, own_prices)[0]
    parameters: dict[str, object] = {
        "workload": str(workload_file.find(workload).resolve()),
        "snapshot": snapshot or "",
        "seed": seed,
        "samples": samples,
        "theme": theme,
        "out_dir": str((out or Path("out") / name).resolve()),
        "confined_to": str((out or Path("out")).resolve()),
    }
    serving.serve(
        parameters,
        f"drkit: {name}",
        host,
        port,
        token,
        theme,
        open_browser,
        lambda address: click.echo(f"{name} is served until you press Ctrl-C:\n  {address}"),
    )
    click.echo("ended, and every kernel with it")
