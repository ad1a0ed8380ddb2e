"""drkit: design, price and time how a system survives losing its AWS region, before anything is deployed.

>>> import drkit
>>> catalog = drkit.Catalog.load()
>>> catalog.prices.find("AWSELB", "alb/hour", "us-east-1").usd
0.0225
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Names are imported when they are used: `import drkit` costs next to nothing, and who only looks up a price never
# waits for papermill or matplotlib.
_HOME = {
    "Assumptions": "drkit.assumptions",
    "Bill": "drkit.bill",
    "Catalog": "drkit.catalog",
    "Comparison": "drkit.compare",
    "Difference": "drkit.difference",
    "DrkitError": "drkit.errors",
    "Option": "drkit.compare",
    "PriceBook": "drkit.prices",
    "Space": "drkit.space",
    "SupportMatrix": "drkit.support",
    "Topology": "drkit.topology",
    "Workload": "drkit.workload",
    "compare_topologies": "drkit.compare",
    "design_space": "drkit.space",
    "explain_difference": "drkit.difference",
    "explore": "drkit.explorer",
    "run_design": "drkit.design",
    "read_workload": "drkit.workload_file",
    "write_outputs": "drkit.outputs",
    "write_report": "drkit.decision",
}
_ALIAS = {"read_workload": "read"}

_MODULES = (
    "choice_report",
    "choices",
    "figures",
    "recovery_report",
    "replay",
    "report",
    "sensitivity",
    "value",
    "waiting",
)

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
    "choice_report",
    "choices",
    "compare_topologies",
    "design_space",
    "explain_difference",
    "explore",
    "figures",
    "read_workload",
    "recovery_report",
    "replay",
    "report",
    "run_design",
    "sensitivity",
    "value",
    "waiting",
    "write_outputs",
    "write_report",
]

if TYPE_CHECKING:
    from drkit import choice_report, choices, figures, recovery_report, replay, report, sensitivity, value, waiting
    from drkit.assumptions import Assumptions
    from drkit.bill import Bill
    from drkit.catalog import Catalog
    from drkit.compare import Comparison, Option, compare_topologies
    from drkit.decision import write_report
    from drkit.design import run_design
    from drkit.difference import Difference, explain_difference
    from drkit.errors import DrkitError
    from drkit.explorer import explore
    from drkit.outputs import write_outputs
    from drkit.prices import PriceBook
    from drkit.space import Space, design_space
    from drkit.support import SupportMatrix
    from drkit.topology import Topology
    from drkit.workload import Workload
    from drkit.workload_file import read as read_workload


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"drkit.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), _ALIAS.get(name, name))
    raise AttributeError(f"module 'drkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
