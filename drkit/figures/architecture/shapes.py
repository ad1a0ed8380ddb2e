"""The shapes of an architecture: one for each kind of service, filled, hatched or hollow by what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.patches import Circle, Patch, Polygon, Rectangle

from drkit.figures.palette import BLUE, GREEN, GREY, ORANGE, PAPER, PINK, SKY, VERMILLION

if TYPE_CHECKING:
    from drkit.figures.architecture.blueprint import State

#: Colours are those that a bill's components have.
COLOUR = {
    "balancer": PINK,
    "service": ORANGE,
    "network": VERMILLION,
    "database": BLUE,
    "cache": SKY,
    "bucket": GREEN,
    "registry": GREY,
    "backup": GREEN,
}
#: Size of a unit [point].
UNIT = 8.0


def unit(kind: str, at: tuple[float, float], look: dict[str, Any]) -> Patch:
    """One unit: a task is a square, an instance of a database a circle, a cache node a diamond, a gateway a wedge."""
    x, y = at
    half = UNIT / 2
    if kind == "database":
        return Circle(at, half, **look)
    if kind == "cache":
        return Polygon([(x, y - half - 0.8), (x + half + 0.8, y), (x, y + half + 0.8), (x - half - 0.8, y)], **look)
    if kind == "network":
        return Polygon([(x, y - half), (x + half, y + half), (x - half, y + half)], **look)
    return Rectangle((x - half, y - half), UNIT, UNIT, **look)


def look_of(colour: str, state: State) -> dict[str, Any]:
    """How a shape looks that is in use, runs idle, or comes after a failover."""
    if state == "used":
        return {"facecolor": colour, "edgecolor": colour, "linewidth": 0.9}
    if state == "idle":
        return {"facecolor": PAPER, "edgecolor": colour, "linewidth": 1.1, "hatch": "////"}
    return {"facecolor": PAPER, "edgecolor": colour, "linewidth": 1.0, "linestyle": (0, (2, 1.4))}
