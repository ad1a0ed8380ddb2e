"""How long a control takes from its change until everything that is seen has followed, in the kernel."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from drkit.explorer import panes
from drkit.explorer.controls import Control
from drkit.explorer.draft import Draft
from drkit.explorer.view import Explorer
from drkit.facts.catalog import Catalog
from drkit.workload import file as workload_file

GOAL_S = 0.2


class Response(NamedTuple):
    """Seconds from a change to its outputs, of one kind of control over all bundled workloads and panes."""

    name: str
    p50_s: float
    p95_s: float
    changes: int


def _values(control: Control) -> Iterator[tuple[Any, Any]]:
    """Two changes that somebody makes: the widget, and the value that it then has."""
    first = control.inputs[0]
    match control.field.kind:
        case "dial" | "choice":
            at = first.options.index(first.value)
            near = [words for words in first.options[max(0, at - 2) : at + 3] if words != first.value]
            yield from ((first, words) for words in (near[0], near[-1]))
        case "several" if len(control.inputs) == 1:
            yield from ((first, control.field.values[:count]) for count in (3, 0))
        case "several":
            yield from ((first, ticked) for ticked in (True, False))
        case "text" if control.field.name != "objectives.residency":
            known = float(first.value)
            yield from ((first, f"{known + more:g}") for more in (1, 2))


async def _follow(view: Explorer, widget: Any, value: Any) -> float:
    start = time.perf_counter()
    before = view.draft
    widget.value = value
    while view.draft is before and view._waiting:
        await asyncio.sleep(0.001)
    return time.perf_counter() - start


async def _measured(catalog: Catalog) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for name in workload_file.bundled():
        view = Explorer(Draft.read(name, catalog), catalog)
        for pane in panes.PANES:
            view.show_pane(pane.title)
            await asyncio.sleep(0.01)
            for control in list(view.controls.values()):
                for widget, value in _values(control):
                    before = view.comparison
                    seconds = await _follow(view, widget, value)
                    if view.comparison is not before:  # a value that cannot be is told at once, which is no measure
                        found.setdefault(_kind(control), []).append(seconds)
            view.load(name)
    return found


def _kind(control: Control) -> str:
    return control.field.label.lower().replace(" ", "_")


def responses() -> list[Response]:
    """The response time of each control: two changes of it with each pane open, on every bundled workload."""
    found = asyncio.run(_measured(Catalog.load()))
    rows = []
    for name, seconds in sorted(found.items()):
        ordered = sorted(seconds)
        p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        rows.append(Response(name, statistics.median(ordered), p95, len(ordered)))
    return rows


def rows() -> list[tuple[str, ...]]:
    """Two rows of the benchmark for each control."""
    return [
        (f"control_{one.name}_{point}", f"{seconds:.3f}", "s", "", "", f"{seconds:.3f}", f"<= {GOAL_S} s")
        for one in responses()
        for point, seconds in (("p50", one.p50_s), ("p95", one.p95_s))
    ]


if __name__ == "__main__":
    for row in responses():
        print(f"{row.name:20} p50 {row.p50_s:.3f} s  p95 {row.p95_s:.3f} s  n {row.changes}")
