"""Results in words and tables."""

from drkit.report.regions import failover_regions
from drkit.report.summary import (
    STRATEGY,
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
    "STRATEGY",
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
    "strategies",
    "zero_loss",
]
