"""Results in words and tables."""

from drkit.report.regions import failover_regions
from drkit.report.space import shortlist
from drkit.report.summary import (
    ages,
    answer,
    bill,
    choices,
    disruption_matrix,
    disruptions,
    not_observed,
    provenance,
    rejected,
    strategies,
    zero_loss,
)
from drkit.report.tables import Markdown, Table

__all__ = [
    "Markdown",
    "Table",
    "ages",
    "answer",
    "bill",
    "choices",
    "disruption_matrix",
    "disruptions",
    "failover_regions",
    "not_observed",
    "provenance",
    "rejected",
    "shortlist",
    "strategies",
    "zero_loss",
]
