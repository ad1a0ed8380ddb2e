"""Pictures as SVG: texts stay texts, colours are CSS variables, and nothing reaches out into the page around them."""

from __future__ import annotations

import re
import zlib
from html import escape, unescape
from typing import TYPE_CHECKING

from drkit.figures.palette import PALETTE
from drkit.figures.text import text_width

if TYPE_CHECKING:
    from drkit.figures.palette import Theme

#: Points to the inch, which are the units of an SVG.
_POINTS = 72
#: Who lacks the font gets one nearly as wide; `textLength` sees to the rest.
_FAMILY = "'DejaVu Sans', Verdana, sans-serif"
#: A hatch of dots, which matplotlib writes one by one over a square inch: 250 KB for each colour.
_DOTS = re.compile(
    r'x="0" y="0" width="72" height="72">\s*(<rect[^>]*>)\s*<path d="[^"C]*C[^"]*" style="(fill: #\w+)[^"]*"/>'
)


def stand_alone(file: str, size_in: tuple[float, float], title: str, told: str, theme: Theme | None = None) -> str:
    """A picture as one ``<svg>`` element, for a page or a file of its own.

    Parameters
    ----------
    file
        What matplotlib saved, in light shades and with texts as texts.
    size_in
        Width and height [inch].
    title, told
        What it shows, and how to read it.
    theme
        ``light`` or ``dark``; without it the reader's own setting decides, light on paper.

    Returns
    -------
    str
        The same for the same picture, without XML declaration.
    """
    body = file[file.index(">", file.index("<svg")) + 1 : file.rindex("</svg>")]
    # What matplotlib writes for files of its own: who made it, and a style that would hold for the whole page.
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.S)
    body = _DOTS.sub(r'width="3" height="3">\1<circle cx="1.5" cy="1.5" r="0.6" style="\2"/>', body)
    body = re.sub(r' d="[^"]+"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), body)
    body = re.sub(r'<text style="([^"]+)"([^>]*)>([^<]*)</text>', _fitted, body).replace("'DejaVu Sans'", _FAMILY)
    key, body = _own_ids(body)
    style, body = _coloured(body, theme)
    width, height = size_in
    scheme = "" if theme else ' class="drkit"'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width * _POINTS:g} {height * _POINTS:g}" '
        f'width="{100 * width:g}" role="img" aria-labelledby="{key}-title {key}-desc"{scheme} '
        'style="max-width: 100%; height: auto; stroke-linejoin: round; stroke-linecap: butt">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(told)}</desc>{style}{body}</svg>'
    )


def _fitted(found: re.Match[str]) -> str:
    """A text as long as it was laid out, whatever font the reader has."""
    look, place, words = found.groups()
    size = re.search(r"([\d.]+)px", look)
    if len(words) < 3 or size is None:
        return found[0]
    weight = "bold" if re.search(r"\b700\b|bold", look) else "normal"
    length = text_width(unescape(words), float(size[1]), weight)
    return f'<text style="{look}"{place} textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs">{words}</text>'


def _own_ids(body: str) -> tuple[str, str]:
    """A key of this picture, and its body with the ids that something refers to, numbered, and under this key.

    A page may hold several pictures, and ids of matplotlib's may be made of where an object lies in memory.
    """
    names = {
        name: f"\0-i{at}" for at, name in enumerate(dict.fromkeys(re.findall(r'(?:url\(#|href="#)([^)"]+)', body)))
    }
    body = re.sub(r' id="([^"]+)"', lambda found: f' id="{names[found[1]]}"' if found[1] in names else "", body)
    body = re.sub(r'(url\(#|href="#)([^)"]+)', lambda found: found[1] + names[found[2]], body)
    key = f"dk{zlib.crc32(body.encode()):08x}"
    return key, body.replace("\0", key)


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
