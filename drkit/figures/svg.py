"""Pictures as SVG: texts stay texts, colours are CSS variables, and nothing reaches out into the page around them."""

from __future__ import annotations

import io
import re
import zlib
from html import escape
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.colors import to_hex

from drkit.figures.palette import PALETTE, look

if TYPE_CHECKING:
    from drkit.figures.palette import Theme
    from drkit.figures.picture import Picture

#: Points to the inch, which are the units of an SVG.
_POINTS = 72
#: Who lacks the font gets one nearly as wide; `textLength` sees to the rest.
_FAMILY = "'DejaVu Sans', Verdana, sans-serif"


class _Renderer(RendererSVG):  # type: ignore[misc]
    """Matplotlib's, with each text as long as it was laid out, whatever font the reader has."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._length = 0.0
        element = self.writer.element

        def fitted(tag: str, text: str | None = None, attrib: dict[str, str] | None = None, **extra: str) -> None:
            attrib = dict(attrib or {})
            if tag == "text" and self._length:
                attrib |= {"textLength": f"{self._length:.1f}", "lengthAdjust": "spacingAndGlyphs"}
            element(tag, text, attrib=attrib, **extra)

        self.writer.element = fitted

    def _draw_text_as_text(
        self, gc: Any, x: Any, y: Any, s: str, prop: Any, angle: float, ismath: Any, mtext: Any = None
    ) -> None:
        self._length = 0.0 if ismath or len(s) < 3 else self.get_text_width_height_descent(s, prop, ismath)[0]
        super()._draw_text_as_text(gc, x, y, s, prop, angle, ismath, mtext)
        self._length = 0.0

    def _write_hatches(self) -> None:
        """Hatches as tiles of one stroke: matplotlib writes all strokes of an inch, for every colour."""
        if not self._hatchd:
            return
        self.writer.start("defs")
        for (hatch, *_), ((_, face, stroke, width), oid) in self._hatchd.items():
            # Six rows of dots to the inch for each sign; strokes lie twice as far apart, as matplotlib has them.
            tile = (1 if hatch[0] == "." else 2) * _POINTS / (6 * len(hatch))
            side = f"{tile:g}"
            self.writer.start("pattern", id=oid, patternUnits="userSpaceOnUse", width=side, height=side)
            if face is not None:
                self.writer.element("rect", width=side, height=side, style=f"fill: {to_hex(face)}")
            if hatch[0] == ".":
                middle, radius = f"{tile / 2:g}", f"{tile / 5:g}"
                self.writer.element("circle", cx=middle, cy=middle, r=radius, style=f"fill: {to_hex(stroke)}")
            else:
                # The corners belong to the strokes of the neighbouring tiles.
                near, far = tile / 4, 5 * tile / 4
                corners = f"M {-near} {near} L {near} {-near} M {tile - near} {far} L {far} {tile - near}"
                strokes = f"{corners} M 0 {tile} L {tile} 0"
                style = f"fill: none; stroke: {to_hex(stroke)}; stroke-width: {width:g}"
                self.writer.element("path", d=strokes, style=style)
            self.writer.end("pattern")
        self.writer.end("defs")


def svg(figure: Picture, theme: Theme | None = None) -> str:
    """A picture as one ``<svg>`` element, for a page or a file.

    Parameters
    ----------
    theme
        ``light`` or ``dark``; without it the reader's own setting decides, light on paper.

    Returns
    -------
    str
        The same for the same picture, without XML declaration; title and description say what it shows.
    """
    drawn = io.StringIO()
    before = figure.dpi
    # Laid out as the PNG is: by the pixels of a screen, not by points.
    figure.draw_without_rendering()
    try:
        with look():
            # Pictures are placed in parts of their size and in points, so that they are the same at any resolution.
            figure.dpi = _POINTS
            width, height = figure.get_size_inches()
            plain = _Renderer(width * _POINTS, height * _POINTS, drawn, image_dpi=before, metadata={"Date": None})
            renderer = MixedModeRenderer(figure, width, height, before, plain)
            figure.draw(renderer)
            renderer.finalize()
    finally:
        figure.dpi = before
    body = drawn.getvalue()
    body = body[body.index(">", body.index("<svg")) + 1 : body.rindex("</svg>")]
    # What matplotlib writes for files of its own: who made it, and a style that would hold for the whole page.
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.S)
    body = body.replace("'DejaVu Sans'", _FAMILY)
    body = re.sub(r' d="[^"]+"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), body)
    body = _numbered(body)
    key = f"dk{zlib.crc32(body.encode()):08x}"
    body = _own_ids(body, key)
    style, body = _coloured(body, theme)
    box = f"{width * _POINTS:g} {height * _POINTS:g}"
    scheme = "" if theme else ' class="drkit"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {box}" '
        f'width="{100 * width:g}" role="img" aria-labelledby="{key}-title {key}-desc"{scheme} '
        'style="max-width: 100%; height: auto; stroke-linejoin: round; stroke-linecap: butt">'
        f'<title id="{key}-title">{escape(figure.finding)}</title>'
        f'<desc id="{key}-desc">{escape(figure.explanation)}</desc>{style}{body}</svg>'
    )


def _numbered(body: str) -> str:
    """Ids by the order in which they come: matplotlib makes some of them of where an object lies in memory."""
    ids: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return found[1] + ids.setdefault(found[2], f"i{len(ids)}")

    return re.sub(r'(\bid="|url\(#|href="#)([^")]+)', number, body)


def _own_ids(body: str, key: str) -> str:
    """Only ids that something refers to, and those of this picture alone: a page may hold several."""
    wanted = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda found: f' id="{key}-{found[1]}"' if found[1] in wanted else "", body)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{key}-", body)


def _coloured(body: str, theme: Theme | None) -> tuple[str, str]:
    """The style of a picture, and its body in a theme's colours or in variables with the light ones behind them."""
    # Variables work in styles only, and patterns have their fill as an attribute.
    body = re.sub(r' (fill|stroke)="(#[0-9a-f]{6})"', r' style="\1: \2"', body)
    used: set[str] = set()
    names = {shades.light.lower(): name for name, shades in PALETTE.items()}

    def shade(found: re.Match[str]) -> str:
        name = names.get(found[0])
        if name is None:
            return found[0]
        if theme:
            return getattr(PALETTE[name], theme).lower()  # type: ignore[no-any-return]
        used.add(name)
        return f"var(--dk-{name.replace('_', '-')}, {found[0]})"

    body = re.sub(r"(?<=: )#[0-9a-f]{6}\b", shade, body)
    if theme:
        return "", body
    dark = "; ".join(f"--dk-{name.replace('_', '-')}: {PALETTE[name].dark.lower()}" for name in sorted(used))
    return f"<style>@media screen and (prefers-color-scheme: dark) {{ svg.drkit {{ {dark} }} }}</style>", body
