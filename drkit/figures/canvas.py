"""Where pictures are drawn: matplotlib's Agg, laid out and drawn in one pass, each text measured once.

A design shows seven pictures, and a portfolio hundreds of designs; most texts in them are the same.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.ft2font import RenderMode
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.font_manager import FontProperties

#: Compression of PNG files, 1 to 9: above 3 it takes twice as long for a file 5 % smaller.
_COMPRESSION = 3


@functools.lru_cache(maxsize=16_384)
def _measured(text: str, font: FontProperties, dpi: float, hinting: int) -> tuple[float, float, float]:  # noqa: ARG001
    """Width, height and descent of a text [pixel]; hinting is matplotlib's setting, and part of what is remembered."""
    size: tuple[float, float, float] = RendererAgg(1, 1, dpi).get_text_width_height_descent(text, font, False)
    return size


@functools.lru_cache(maxsize=2_048)
def _drawn(
    text: str, font: FontProperties, dpi: float, hinting: int, across: float
) -> tuple[npt.NDArray[np.uint8], int, int]:
    """A text as a mask of how much ink each pixel has, and the place of its lower left corner [pixel].

    Parameters
    ----------
    across
        Where the text begins within its first pixel, 0 to 1.
    """
    faces = RendererAgg(1, 1, dpi)._prepare_font(font)
    size = font.get_size_in_points()
    glyphs = []
    for item in faces._layout(text, flags=hinting):
        face = item.ft_object
        face.set_size(size, dpi)
        face._set_transform([[0x10000, 0], [0, 0x10000]], [round(0x40 * (across + item.x)), round(0x40 * item.y)])
        glyph = face._render_glyph(item.glyph_index, hinting, RenderMode.NORMAL)
        if glyph.buffer.size:
            glyphs.append((np.array(glyph.buffer), glyph.left, glyph.top))
    if not glyphs:
        return np.zeros((0, 0), dtype=np.uint8), 0, 0
    left, top = min(x for _, x, _ in glyphs), max(y for *_, y in glyphs)
    right = max(x + ink.shape[1] for ink, x, _ in glyphs)
    bottom = min(y - ink.shape[0] for ink, _, y in glyphs)
    mask = np.zeros((top - bottom, right - left), dtype=np.uint8)
    for ink, x, y in glyphs:
        part = mask[top - y : top - y + ink.shape[0], x - left : x - left + ink.shape[1]]
        np.maximum(part, ink, out=part)
    return mask, left, bottom


class _Renderer(RendererAgg):  # type: ignore[misc]
    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        if ismath:
            size: tuple[float, float, float] = super().get_text_width_height_descent(s, prop, ismath)
            return size
        return _measured(s, prop, self.dpi, get_hinting_flag())

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
        # A quarter of a pixel is as near as an eye tells, and lets a text be drawn once for many places.
        steps = round(4 * x)
        mask, left, bottom = _drawn(s, prop.copy(), self.dpi, get_hinting_flag(), steps % 4 / 4)
        if mask.size:
            self._renderer.draw_text_image(mask, steps // 4 + left, round(y) - bottom, 0, gc)


class Canvas(FigureCanvasAgg):  # type: ignore[misc]
    """Agg's canvas with texts that are measured once for all pictures."""

    _drawn_for: tuple[int, int, float] | None = None

    def get_renderer(self) -> RendererAgg:
        """The renderer of this canvas's size, made anew when that changed."""
        width, height = self.get_width_height(physical=True)
        key = (width, height, self.figure.dpi)
        if self._drawn_for != key:
            self.renderer = _Renderer(*key)
            self._drawn_for = key
        return self.renderer

    def png(self) -> bytes:
        """The picture as a PNG file, at the figure's own resolution."""
        self.draw()
        image = Image.fromarray(np.asarray(self.buffer_rgba())).convert("RGB")
        body = io.BytesIO()
        image.save(body, format="png", compress_level=_COMPRESSION, dpi=(self.figure.dpi, self.figure.dpi))
        return body.getvalue()
