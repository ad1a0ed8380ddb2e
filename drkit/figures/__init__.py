"""Every picture: the finding as its title, units on its axes, and in its corner the snapshot it was drawn from."""

from drkit.figures.architecture.figure import architecture
from drkit.figures.catalog import class_prices, price_over_regions
from drkit.figures.cost import monthly_cost, yearly_loss
from drkit.figures.cost_against_rto import cost_against_rto
from drkit.figures.difference import cost_difference, recovery_difference
from drkit.figures.map import region_map
from drkit.figures.pairs import region_pairs
from drkit.figures.palette import theme
from drkit.figures.panels import strategy_panels
from drkit.figures.picture import Picture
from drkit.figures.recovery import recovery_waterfall, rto_rpo_distribution
from drkit.figures.replay import outage_replay
from drkit.figures.sensitivity import tornado
from drkit.figures.treemap import bill_treemap
from drkit.figures.waiting import break_even, wait_or_fail_over

__all__ = [
    "Picture",
    "architecture",
    "bill_treemap",
    "break_even",
    "class_prices",
    "cost_against_rto",
    "cost_difference",
    "monthly_cost",
    "outage_replay",
    "price_over_regions",
    "recovery_difference",
    "recovery_waterfall",
    "region_map",
    "region_pairs",
    "rto_rpo_distribution",
    "strategy_panels",
    "theme",
    "tornado",
    "wait_or_fail_over",
    "yearly_loss",
]
