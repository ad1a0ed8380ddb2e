"""The report: the decision on one page that a director reads in two minutes and an auditor in an hour."""

from drkit.report.decision.page import html, write_report

__all__ = ["html", "write_report"]
