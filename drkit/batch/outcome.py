"""How a batch ended: data that the table, the page and the command read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drkit.batch.run import FAILED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Batch:
    """How a batch ended.

    Parameters
    ----------
    folder
        The batch's folder.
    records
        Of all its runs that have ended, now or before, by name.
    ran
        Names of those that ran now.
    missing
        Names of those that did not run.
    interrupted
        Whether somebody stopped it.
    stopped
        Why it could not continue, where nobody stopped it.
    """

    folder: Path
    records: Mapping[str, Mapping[str, Any]]
    ran: tuple[str, ...]
    missing: tuple[str, ...]
    interrupted: bool = False
    stopped: str = ""

    @property
    def failed(self) -> list[str]:
        """Names of the runs that failed, now or before."""
        return [name for name, record in self.records.items() if record["status"] == FAILED]

    @property
    def succeeded(self) -> bool:
        """Whether every run of the portfolio has a result."""
        return not self.failed and not self.missing
