"""Where pictures are drawn: matplotlib's Agg, laid out and drawn in one pass, each text measured once.

A design shows seven pictures, and a portfolio hundreds of designs; most texts in them are the same.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

#: Compression of PNG files, 1 to 9: above 3 it takes twice as long for a file 5 % smaller.
_COMPRESSION = 3


@functools.lru_cache(maxsize=16_384)
def _measured(text: str, font: FontProperties, dpi: float, hinting: int) -> tuple[float, float, float]:  # noqa: ARG001
    """Width, height and descent of a text [pixel]; hinting is matplotlib's setting, and part of what is remembered."""
    size: tuple[float, float, float] = RendererAgg(1, 1, dpi).get_text_width_height_descent(text, font, False)
    return size


class _Renderer(RendererAgg):  # type: ignore[misc]
    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        if ismath:
            size: tuple[float, float, float] = super().get_text_width_height_descent(s, prop, ismath)
            return size
        return _measured(s, prop, self.dpi, get_hinting_flag())


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
