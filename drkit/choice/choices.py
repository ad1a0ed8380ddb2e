"""The public ``drkit.choices``: options worth a name, those nearly as good as the choice, and why not the others."""

from drkit.choice.named import as_good, at_a_glance, least_regret, named, next_best
from drkit.choice.near_optimal import NEAR, Agreement, NearOptimal, decisions, near_optimal
from drkit.choice.why_not import why_not
from drkit.topology.topology import strategy_in_words as strategy

__all__ = [
    "NEAR",
    "Agreement",
    "NearOptimal",
    "as_good",
    "at_a_glance",
    "decisions",
    "least_regret",
    "named",
    "near_optimal",
    "next_best",
    "strategy",
    "why_not",
]
