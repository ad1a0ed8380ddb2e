"""Explore one workload with controls: change what is asked and see what it costs, how fast it is back, and where.

`draft` is the workload as it is being changed, `fields` says what can be changed and how it is written, `panes` says
what is shown; none of them knows widgets. `controls` and `view` are the widgets. `bounds` says how far visitors of a
page get into the files of whoever serves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.files.extras import needs

if TYPE_CHECKING:
    from pathlib import Path

    from drkit.explorer.view import Explorer
    from drkit.facts.catalog import Catalog
    from drkit.figures.palette import Theme


def explore(
    workload: str | Path,
    catalog: Catalog | None = None,
    seed: int = 1,
    samples: int = 20_000,
    out_dir: str | Path | None = None,
    theme: Theme = "light",
    confined_to: str | Path | None = None,
) -> Explorer:
    """Explore a workload in a notebook: objectives, costs, regions, strategies and sizes as controls.

    Parameters
    ----------
    workload
        Path of a workload file, or the name of a bundled workload.
    catalog
        The facts; those embedded in drkit by default.
    seed, samples
        Of the simulation: same seed, same figures.
    out_dir
        Folder that tfvars, report and workload file are written to when their buttons are pressed; ``out/NAME`` by
        default.
    theme
        Of the pictures, ``light`` or ``dark``; the rest follows the notebook's own.
    confined_to
        Folder that whoever has the controls is kept to, for pages that others see: buttons write there and below and
        nowhere else, and what is loaded is a bundled workload or a workload file there or below the current folder.
        By default any path may be typed, since a notebook is its reader's own.

    Returns
    -------
    Explorer
        A notebook shows it; ``comparison`` is the answer of the moment, ``draft`` the workload as it was changed.

    Raises
    ------
    WorkloadError, SnapshotError, UnsupportedError, ParameterError
        As :func:`drkit.compare_topologies`.
    MissingPackageError
        When ipywidgets is not installed.
    """
    from drkit.explorer.draft import Draft
    from drkit.facts.catalog import Catalog

    with needs("explore", "drkit.explore"):
        from drkit.explorer.view import Explorer

    facts = catalog or Catalog.load()
    return Explorer(Draft.read(workload, facts), facts, seed, samples, out_dir, theme, confined_to)
