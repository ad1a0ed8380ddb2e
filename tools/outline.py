"""Coastlines for the map of regions: TopoJSON in, ``data/map/land.csv`` out.

To run it: ``python -m tools.outline land-110m.json``. It reads the ``land`` object of the npm package world-atlas
(ISC licence), which holds Natural Earth's 1:110m land (public domain). The same input writes the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drkit.errors import DrkitError
from drkit.files.bundled import data_dir
from drkit.files.staging import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Point = tuple[float, float]

#: Everything south of this is Antarctica [degrees]: no region lies there, and no picture shows it.
SOUTHERNMOST = -60.0

#: A point nearer than this to the line between its neighbours is left out [degrees].
STRAIGHT = 0.06

HEADER = (
    "# Natural Earth 1:110m land (public domain) as packed in npm world-atlas (ISC); degrees rounded to 0.1,",
    "# without Antarctica. Each ring is closed, lakes run the other way round; a ring that crosses the 180th",
    "# meridian goes on beyond it. Written by tools.outline.",
)


def rings(topology: dict[str, Any]) -> Iterator[list[Point]]:
    """Give the closed rings of the land, longitude and latitude rounded to 0.1 [degrees].

    Parameters
    ----------
    topology
        A TopoJSON document with quantized arcs and an object ``land`` of polygons.

    Yields
    ------
    list of (float, float)
        Outer shores and, in the other direction, the shores of lakes. Rings that rounding leaves without an
        area are dropped.

    Raises
    ------
    DrkitError
        When the document is not such a TopoJSON.
    """
    try:
        arcs = [_points(arc, topology["transform"]) for arc in topology["arcs"]]
        shapes = topology["objects"]["land"]["geometries"]
        polygons = [p for s in shapes for p in (s["arcs"] if s["type"] == "MultiPolygon" else [s["arcs"]])]
    except (KeyError, TypeError) as error:
        raise DrkitError(
            f"this is not a quantized TopoJSON with an object 'land' ({error} is missing or wrong): "
            "give land-110m.json of the npm package world-atlas"
        ) from error
    for polygon in polygons:
        for numbers in polygon:
            ring = _simplified(_unwrapped(_joined(arcs, numbers)))
            if len(ring) > 3 and max(lat for _, lat in ring) > SOUTHERNMOST:
                yield ring


def write(topology: dict[str, Any], target: Path) -> int:
    """Write the rings as ``ring,lon,lat``, the file whole or not at all.

    Parameters
    ----------
    topology
        See :func:`rings`.
    target
        CSV file to create or replace.

    Returns
    -------
    int
        Points written.
    """
    body = io.StringIO()
    body.write("\n".join(HEADER) + "\n")
    writer = csv.writer(body, lineterminator="\n")
    writer.writerow(("ring", "lon", "lat"))
    count = 0
    for number, ring in enumerate(rings(topology)):
        writer.writerows((number, f"{lon:g}", f"{lat:g}") for lon, lat in ring)
        count += len(ring)
    replace_file(target, body.getvalue())
    return count


def _points(arc: Sequence[Sequence[int]], transform: dict[str, Any]) -> list[Point]:
    # Arcs are stored as differences of whole numbers (TopoJSON 1.0, section 2.1.3).
    (scale_x, scale_y), (shift_x, shift_y) = transform["scale"], transform["translate"]
    x = y = 0
    points = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        points.append((x * scale_x + shift_x, y * scale_y + shift_y))
    return points


def _joined(arcs: Sequence[list[Point]], numbers: Sequence[int]) -> list[Point]:
    # A negative number is an arc walked backwards; each arc begins where the one before it ended.
    ring: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        ring += arc[1:] if ring else arc
    return ring


def _unwrapped(ring: Sequence[Point]) -> list[Point]:
    # Siberia and Fiji cross the 180th meridian: 179 then -179 becomes 179 then 181: no shore spans the map.
    points: list[Point] = []
    turn = 0.0
    for lon, lat in ring:
        if points:
            turn -= 360 * round((lon + turn - points[-1][0]) / 360)
        points.append((lon + turn, lat))
    middle = sum(lon for lon, _ in points) / len(points)
    home = 360 * round(middle / 360)
    return [(lon - home, lat) for lon, lat in points]


def _simplified(ring: Sequence[Point]) -> list[Point]:
    points: list[Point] = []
    for lon, lat in ring:
        point = (round(lon, 1) + 0.0, round(lat, 1) + 0.0)  # no negative zero
        if points and point == points[-1]:
            continue
        if len(points) > 1 and _offset(points[-2], points[-1], point) < STRAIGHT:
            points.pop()
        points.append(point)
    return points


def _offset(first: Point, middle: Point, last: Point) -> float:
    """Distance of the middle point from the line through the other two [degrees]."""
    (x1, y1), (x, y), (x2, y2) = first, middle, last
    length = math.hypot(x2 - x1, y2 - y1)
    if length == 0:
        return math.hypot(x - x1, y - y1)
    return abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("land", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File to write; drkit's own by default.")
def main(land: Path, out: Path | None) -> None:
    """Convert the coastlines LAND (TopoJSON) into drkit's own."""
    target = out if out is not None else data_dir() / "map" / "land.csv"
    try:
        count = write(json.loads(land.read_bytes()), target)
    except (DrkitError, ValueError) as error:
        raise click.UsageError(f"{land.name}: {error}") from error
    click.echo(f"{count} points, {target.stat().st_size} bytes, in {target}")


if __name__ == "__main__":
    main()
