"""How wide words are before they are drawn, and the lines that fit a width."""

from __future__ import annotations

from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath


@lru_cache(maxsize=16_384)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """How wide a text of a size [point] will be [point]."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    width: float = TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]
    return width


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """A text in lines of at most this width [point]; a word that is longer has a line of its own."""
    lines: list[str] = []
    space, room = text_width(" ", size, weight), 0.0
    for word in text.split(" "):
        wide = text_width(word, size, weight)
        if lines and space + wide <= room:
            lines[-1] += f" {word}"
            room -= space + wide
        else:
            lines.append(word)
            room = width - wide
    return lines
