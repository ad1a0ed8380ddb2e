"""What leaves the explorer when a button is pressed: tfvars, the report, the workload file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drkit import terraform, tfvars
from drkit.design import run_design
from drkit.errors import TfvarsError
from drkit.outputs import staged

if TYPE_CHECKING:
    from drkit.compare import Comparison
    from drkit.explorer.draft import Draft


class Written(NamedTuple):
    """A file that was written, and what there is to say about it."""

    path: Path
    note: str


def write_tfvars(comparison: Comparison, folder: Path, date: str) -> Written:
    """Write the tfvars of the choice, checked against the stack and, where it is on this machine, by Terraform.

    Parameters
    ----------
    date
        Day of writing, ISO 8601.

    Raises
    ------
    TfvarsError
        When the stack or Terraform would refuse them; then nothing is written.
    DrkitError
        When the folder cannot be written.
    """
    name = f"{comparison.workload.name}.tfvars"
    text = tfvars.text(comparison, comparison.chosen, date)
    with staged(folder) as staging:
        (staging / name).write_text(text, encoding="utf-8")
        refused = terraform.refusals(staging / name)
        if refused:
            raise TfvarsError("\n".join(refused))
    told = "checked against the stack; no Terraform here to ask" if refused is None else "Terraform accepts it"
    return Written(folder / name, f"{told}. The choice is {comparison.chosen.topology_id}.")


def save_report(draft: Draft, comparison: Comparison, folder: Path) -> list[Path]:
    """Run the design notebook for the workload as it was changed, and leave what :func:`drkit.run_design` leaves.

    Raises
    ------
    DrkitError
        As :func:`drkit.run_design`.
    """
    parameters = {"seed": comparison.seed, "samples": comparison.samples}
    with tempfile.TemporaryDirectory(prefix="drkit-explore-") as scratch:
        source = draft.save(Path(scratch) / f"{comparison.workload.name}.yaml")
        return run_design(source, folder, parameters)
