"""Where pictures are drawn: matplotlib's Agg, laid out and drawn in one pass, each word set and each glyph drawn once.

A design shows seven pictures, and a portfolio hundreds of designs; most words in them are the same.
"""

from __future__ import annotations

import functools
import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib import cbook
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.ft2font import RenderMode

from drkit.figures.palette import shades
from drkit.figures.svg import svg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from drkit.figures.palette import Theme

#: Compression of PNG files, 1 to 9: above 3 it takes twice as long for a file 5 % smaller.
_COMPRESSION = 3
#: Memory of the compressor, 1 to 9: one table that the processor's cache holds, for a file of the same size.
_MEMORY = 6
#: Points to the inch, and inches to the metre.
_INCH, _METRE = 72, 39.3701


class _Face(NamedTuple):
    """A font at a size: its files, the first with the glyphs that most texts need, and what they are drawn with."""

    files: tuple[str, ...]
    points: float
    dpi: float
    hinting: int

    def ready(self) -> Any:
        """Matplotlib's font, set to this size."""
        font = get_font(self.files)
        font.set_size(self.points, self.dpi)
        return font


class _Word(NamedTuple):
    """A word as it is set: ``(file, glyph, right, up)`` of each glyph, how far the next word begins, and its height.

    All in pixels, ``descent`` downwards.
    """

    glyphs: tuple[tuple[str, int, float, float], ...]
    advance: float
    ascent: float
    descent: float


@functools.lru_cache(maxsize=256)
def _face(font: FontProperties, dpi: float, hinting: int) -> _Face:
    files = fontManager._find_fonts_by_props(font)
    return _Face(tuple(map(str, files)), font.get_size_in_points(), dpi, hinting)


@functools.lru_cache(maxsize=256)
def _line(face: _Face) -> tuple[float | None, float | None, float | None]:
    """How far a line of a font goes up and down, and the gap to the next one [pixel]; None where the font says nothing.

    As matplotlib has it, which reads the font's tables anew for each text.
    """
    font = face.ready()
    for name, *keys in (
        ("OS/2", "sTypoAscender", "sTypoDescender", "sTypoLineGap"),
        ("hhea", "ascent", "descent", "lineGap"),
    ):
        if table := font.get_sfnt_table(name):
            scale = 1 / font.get_sfnt_table("head")["unitsPerEm"] * face.points * face.dpi / _INCH
            up, down, gap = (table[key] * scale for key in keys)
            return up, -down, gap
    return None, None, None


@functools.lru_cache(maxsize=32_768)
def _word(word: str, face: _Face) -> _Word:
    """Set a word. Pictures have few: texts are put together from them, whatever the texts are."""
    # The space behind the word says where the next one may begin.
    *items, end = face.ready()._layout(f"{word} ", flags=face.hinting)
    glyphs = tuple((str(item.ft_object.fname), int(item.glyph_index), item.x, item.y) for item in items)
    drawn = [(_glyph(file, glyph, face, 0), up) for file, glyph, _, up in glyphs]
    ascent = max((up + top for (_, _, top), up in drawn), default=0.0)
    descent = max((ink.shape[0] - top - up for (ink, _, top), up in drawn), default=0.0)
    return _Word(glyphs, end.x, ascent, descent)


@functools.lru_cache(maxsize=16_384)
def _glyph(file: str, glyph: int, face: _Face, quarters: int) -> tuple[npt.NDArray[np.uint8], int, int]:
    """A glyph's ink that begins so many quarters of a pixel to the right, and the place of its upper left corner."""
    font = get_font(file)
    font.set_size(face.points, face.dpi)
    font._set_transform([[0x10000, 0], [0, 0x10000]], [0x10 * quarters, 0])  # type: ignore[attr-defined]
    drawn = font._render_glyph(glyph, face.hinting, RenderMode.NORMAL)  # type: ignore[attr-defined]
    return np.array(drawn.buffer), drawn.left, drawn.top


def _set(text: str, face: _Face) -> Iterator[tuple[float, _Word]]:
    """The words of a text, each with how far to the right it begins [pixel]."""
    right, space = 0.0, _word(" ", face).advance
    for word in text.split(" "):
        placed = _word(word, face)
        yield right, placed
        right += placed.advance + space


@functools.lru_cache(maxsize=16_384)
def _measured(text: str, face: _Face) -> tuple[float, float, float]:
    """Width, height and descent of a text [pixel]."""
    words = list(_set(text, face))
    descent = max(word.descent for _, word in words)
    right, last = words[-1]
    return right + last.advance, max(word.ascent for _, word in words) + descent, descent


@functools.cache
def _font(size: float, weight: str) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size, weight=weight)


def line_width(words: str, text: Any) -> float:
    """How wide words would be as one line of a text of a figure [pixel]."""
    return _measured(words, _face(text.get_fontproperties().copy(), text.figure.dpi, get_hinting_flag()))[0]


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """How wide a text of a size [point] will be [point]."""
    return _measured(text, _face(_font(size, weight), 2 * _INCH, get_hinting_flag()))[0] / 2


@functools.lru_cache(maxsize=2_048)
def _drawn(text: str, face: _Face, across: int) -> tuple[npt.NDArray[np.uint8], int, int]:
    """A text as a mask of how much ink each pixel has, and the place of its lower left corner [pixel].

    Parameters
    ----------
    across
        Where the text begins within its first pixel, in quarters of one: as near as an eye tells.
    """
    inks = []
    for begin, word in _set(text, face):
        for file, glyph, right, up in word.glyphs:
            whole, quarters = divmod(round(4 * (begin + right)) + across, 4)
            ink, left, top = _glyph(file, glyph, face, quarters)
            if ink.size:
                inks.append((ink, whole + left, round(up) + top))
    if not inks:
        return np.zeros((0, 0), dtype=np.uint8), 0, 0
    left, top = min(x for _, x, _ in inks), max(y for *_, y in inks)
    right_end = max(x + ink.shape[1] for ink, x, _ in inks)
    bottom = min(y - ink.shape[0] for ink, _, y in inks)
    mask = np.zeros((top - bottom, right_end - left), dtype=np.uint8)
    for ink, x, y in inks:
        part = mask[top - y : top - y + ink.shape[0], x - left : x - left + ink.shape[1]]
        np.maximum(part, ink, out=part)
    return mask, left, bottom


class _Renderer(RendererAgg):  # type: ignore[misc]
    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        if ismath:
            size: tuple[float, float, float] = super().get_text_width_height_descent(s, prop, ismath)
            return size
        return _measured(s, _face(prop.copy(), self.dpi, get_hinting_flag()))

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float | None, float | None, float | None]:
        return _line(_face(prop.copy(), self.dpi, get_hinting_flag()))

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        if ismath or angle or not gc.get_antialiased():
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        whole, quarters = divmod(round(4 * x), 4)
        mask, left, bottom = _drawn(s, _face(prop.copy(), self.dpi, get_hinting_flag()), quarters)
        if mask.size:
            self._renderer.draw_text_image(mask, whole + left, round(y) - bottom, 0, gc)


@functools.cache
def _shaded(theme: Theme) -> Mapping[tuple[int, ...], tuple[float, ...]]:
    """Shades of a theme [0 to 1] by the light ones [0 to 255]."""
    return {tuple(round(255 * part) for part in to_rgb(light)): to_rgb(shade) for light, shade in shades(theme).items()}


def _in_theme(colour: Any, theme: Theme) -> Any:
    """A colour's shade in a theme, as opaque as it was; a colour that is none of the palette stays."""
    shade = _shaded(theme).get(tuple(round(255 * float(part)) for part in colour[:3]))
    return colour if shade is None else (*shade, *colour[3:])


class _Context(GraphicsContextBase):
    _rgb: Any
    theme: Theme

    def set_foreground(self, fg: Any, isRGBA: bool = False) -> None:  # noqa: N803 - matplotlib's name
        super().set_foreground(fg, isRGBA)
        self._rgb = _in_theme(self._rgb, self.theme)

    def set_hatch_color(self, hatch_color: Any) -> None:
        self._hatch_color = _in_theme(hatch_color, self.theme)


class _Themed(_Renderer):
    """Draws every colour of the palette in the shade of a theme."""

    theme: Theme
    draw_markers: Any
    draw_path_collection: Any

    def new_gc(self) -> GraphicsContextBase:
        context = _Context()
        context.theme = self.theme
        return context

    def _update_methods(self) -> None:
        super()._update_methods()
        draw_markers, draw_collection = self.draw_markers, self.draw_path_collection

        def markers(gc: Any, mark: Any, mark_to: Any, path: Any, path_to: Any, face: Any = None) -> None:
            draw_markers(gc, mark, mark_to, path, path_to, self._fill(face))

        def collection(gc: Any, *args: Any, **kwargs: Any) -> None:
            *shapes, faces, edges = args[:7]
            both = [np.array([self._fill(one) for one in colours]).reshape(-1, 4) for colours in (faces, edges)]
            draw_collection(gc, *shapes, *both, *args[7:], **kwargs)

        self.draw_markers, self.draw_path_collection = markers, collection

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:  # noqa: N803
        super().draw_path(gc, path, transform, self._fill(rgbFace))

    def _fill(self, colour: Any) -> Any:
        return None if colour is None else _in_theme(colour, self.theme)


class Canvas(FigureCanvasAgg):  # type: ignore[misc]
    """Agg's canvas with texts that are measured once for all pictures."""

    _drawn_for: tuple[object, ...] | None = None

    def get_renderer(self) -> RendererAgg:
        """The renderer of this canvas's size and theme, made anew when these changed."""
        width, height = self.get_width_height(physical=True)
        theme = self.figure.theme
        key = (width, height, self.figure.dpi, theme)
        if self._drawn_for != key:
            kind = _Renderer if theme == "light" else _Themed
            self.renderer = kind(width, height, self.figure.dpi)
            self.renderer.theme = theme
            self._drawn_for = key
        return self.renderer

    def png(self) -> bytes:
        """The picture as a PNG file, at the figure's own resolution."""
        self.draw()
        return _png(np.asarray(self.buffer_rgba()), self.figure.dpi)

    def print_svg(self, filename: Any, **_: Any) -> None:
        """What ``savefig`` calls for an SVG: drkit's own."""
        with cbook.open_file_cm(filename, "w", encoding="utf-8") as file:
            whole = svg(self.figure, self.figure.theme) + "\n"
            file.write(whole if cbook.file_requires_unicode(file) else whole.encode())


def _png(pixels: npt.NDArray[np.uint8], dpi: float) -> bytes:
    """Pixels, shape ``(rows, columns, 4)`` and all opaque, as a PNG file (ISO/IEC 15948).

    Rows are compressed as they are. Filters, which every library's encoder tries on each row, are for photographs: on
    a picture of flat colours they take two thirds of the time, and the file is larger.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # the byte in front says that a row is not filtered
    for channel in range(3):  # each at once: pixel by pixel it takes five times as long
        rows[:, 1 + channel :: 3] = pixels[:, :, channel]
    packed = zlib.compressobj(_COMPRESSION, memLevel=_MEMORY)
    to_metre = round(dpi * _METRE)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0),
        b"pHYs": struct.pack(">IIB", to_metre, to_metre, 1),
        b"IDAT": packed.compress(rows.data) + packed.flush(),
        b"IEND": b"",
    }
    file = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks.items():
        file += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return file
