"""drkit: design, price and time how a system survives losing its AWS region, before anything is deployed.

>>> import drkit
>>> catalog = drkit.Catalog.load()
>>> catalog.prices.find("AWSELB", "alb/hour", "us-east-1").usd
0.0225
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from drkit.files.versions import __version__

# Names are imported when they are used: `import drkit` costs next to nothing, and who only looks up a price never
# waits for papermill or matplotlib.
_NAMES = {
    "Assumptions": "drkit.facts.assumptions",
    "Bill": "drkit.bill.lines",
    "Catalog": "drkit.facts.catalog",
    "Comparison": "drkit.choice.comparison",
    "Difference": "drkit.choice.difference",
    "DrkitError": "drkit.errors",
    "Option": "drkit.choice.options",
    "PriceBook": "drkit.facts.prices",
    "Space": "drkit.space.space",
    "SupportMatrix": "drkit.facts.support",
    "Topology": "drkit.topology.topology",
    "Workload": "drkit.workload.model",
    "compare_topologies": "drkit.choice.compare",
    "design_space": "drkit.space.space",
    "explain_difference": "drkit.choice.difference",
    "explore": "drkit.explorer",
    "run_design": "drkit.runs.design",
    "read_workload": "drkit.workload.file",
    "write_outputs": "drkit.outputs",
    "write_report": "drkit.report.decision",
}
_RENAMED = {"read_workload": "read"}

_MODULES = {
    "browse": "drkit.facts.browse",
    "choice_report": "drkit.report.choice",
    "choices": "drkit.choice.choices",
    "display": "drkit.report.tables",
    "explain": "drkit.facts.price_origin",
    "figures": "drkit.figures",
    "ranges": "drkit.space.ranges",
    "recovery_report": "drkit.report.recovery",
    "replay": "drkit.choice.replay",
    "report": "drkit.report",
    "sensitivity": "drkit.choice.sensitivity",
    "value": "drkit.choice.ownership",
    "verify": "drkit.facts.verify",
    "waiting": "drkit.choice.waiting",
}

__all__ = [
    "Assumptions",
    "Bill",
    "Catalog",
    "Comparison",
    "Difference",
    "DrkitError",
    "Option",
    "PriceBook",
    "Space",
    "SupportMatrix",
    "Topology",
    "Workload",
    "__version__",
    "browse",
    "choice_report",
    "choices",
    "compare_topologies",
    "design_space",
    "display",
    "explain",
    "explain_difference",
    "explore",
    "figures",
    "ranges",
    "read_workload",
    "recovery_report",
    "replay",
    "report",
    "run_design",
    "sensitivity",
    "value",
    "verify",
    "waiting",
    "write_outputs",
    "write_report",
]

if TYPE_CHECKING:
    from drkit import figures, report
    from drkit.bill.lines import Bill
    from drkit.choice import choices, replay, sensitivity, waiting
    from drkit.choice import ownership as value
    from drkit.choice.compare import compare_topologies
    from drkit.choice.comparison import Comparison
    from drkit.choice.difference import Difference, explain_difference
    from drkit.choice.options import Option
    from drkit.errors import DrkitError
    from drkit.explorer import explore
    from drkit.facts import browse, verify
    from drkit.facts import price_origin as explain
    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.facts.prices import PriceBook
    from drkit.facts.support import SupportMatrix
    from drkit.outputs import write_outputs
    from drkit.report import choice as choice_report
    from drkit.report import recovery as recovery_report
    from drkit.report import tables as display
    from drkit.report.decision import write_report
    from drkit.runs.design import run_design
    from drkit.space import ranges
    from drkit.space.space import Space, design_space
    from drkit.topology.topology import Topology
    from drkit.workload.file import read as read_workload
    from drkit.workload.model import Workload


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), _RENAMED.get(name, name))
    raise AttributeError(f"module 'drkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
