"""Files that the buttons of the explorer write: tfvars and the report; the draft saves itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import TfvarsError
from drkit.files.staging import staged
from drkit.report.decision import write_report
from drkit.tfvars import stack_values, terraform

if TYPE_CHECKING:
    from pathlib import Path

    from drkit.choice.comparison import Comparison


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
    text = stack_values.tfvars_text(comparison, comparison.chosen, date)
    with staged(folder) as staging:
        (staging / name).write_text(text, encoding="utf-8")
        refusals = terraform.refusals(staging / name)
        if refusals:
            raise TfvarsError("\n".join(refusals))
    verdict = "checked against the stack; no Terraform here to ask" if refusals is None else "Terraform accepts it"
    return Written(folder / name, f"{verdict}. The choice is {comparison.chosen.topology_id}.")


def save_report(comparison: Comparison, folder: Path, date: str) -> Written:
    """Write the report of the choice, as HTML and, where a browser is present, as PDF.

    Parameters
    ----------
    date
        Day of writing, ISO 8601.

    Raises
    ------
    DrkitError
        When the folder cannot be written or the browser fails.
    """
    paths = write_report(comparison, folder / f"{comparison.workload.name}.html", date)
    rest = "".join(f", and {path.name} beside it" for path in paths[1:])
    return Written(paths[0], f"the decision on one page{rest}.")
