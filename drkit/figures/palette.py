"""The colours of all pictures, by what they are for, each in a light and a dark shade.

Pictures are made of the light shades. A dark picture gets the dark ones in their place while it is drawn, and an SVG
names them as CSS variables: one picture shows in either theme, and no figure function knows of themes.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import matplotlib as mpl
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex, to_rgb, to_rgba, to_rgba_array
from matplotlib.text import Annotation, Text

from drkit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)


class Shades(NamedTuple):
    """One colour in both themes, as ``#RRGGBB``."""

    light: str
    dark: str


#: Every colour of every picture. Fills are Okabe and Ito's, which people who do not tell red from green tell apart;
#: ``_words`` are the same, dark or light enough to write with. Light shades differ, since they are what is drawn.
PALETTE: Mapping[str, Shades] = {
    "paper": Shades("#FFFFFF", "#14181D"),
    "ink": Shades("#222222", "#E9ECEF"),
    "grey": Shades("#6B6B6B", "#B4BBC2"),
    "slate": Shades("#4D4D4D", "#C3C9CF"),
    "pale": Shades("#C9C9C9", "#505760"),
    "grid": Shades("#E6E6E6", "#2B3138"),
    "band": Shades("#EFEFEF", "#252B32"),
    "block": Shades("#BDBDBD", "#4A525B"),
    "panel": Shades("#F6F7F9", "#1B2127"),
    "sea": Shades("#EDF2F6", "#182129"),
    "land": Shades("#D5D8D2", "#363D41"),
    "blue": Shades("#0072B2", "#3D94D6"),
    "orange": Shades("#E69F00", "#F2B134"),
    "green": Shades("#009E73", "#1FC295"),
    "vermillion": Shades("#D55E00", "#F26A1B"),
    "sky": Shades("#56B4E9", "#9CD6F7"),
    "pink": Shades("#CC79A7", "#D06BA6"),
    "yellow": Shades("#F0E442", "#F6EE8A"),
    "blue_words": Shades("#00639C", "#6FB6EE"),
    "orange_words": Shades("#855B00", "#F3B743"),
    "green_words": Shades("#00704F", "#35CFA3"),
    "vermillion_words": Shades("#983F00", "#FF9356"),
    "pink_words": Shades("#9B3F72", "#EDB0D3"),
    # On a fill of the palette, and on colours that are the same in both themes, such as those of a heat map.
    "on_deep": Shades("#FEFEFE", "#101418"),
    "on_bright": Shades("#131313", "#0F1317"),
    "always_light": Shades("#FDFDFD", "#FDFDFD"),
    "always_dark": Shades("#111111", "#111111"),
}


def _light(name: str) -> str:
    return PALETTE[name].light


PAPER, INK, GREY, SLATE, PALE = (_light(name) for name in ("paper", "ink", "grey", "slate", "pale"))
GRID, BAND, BLOCK, PANEL = _light("grid"), _light("band"), _light("block"), _light("panel")
SEA, LAND = _light("sea"), _light("land")
BLUE, ORANGE, GREEN, VERMILLION = _light("blue"), _light("orange"), _light("green"), _light("vermillion")
SKY, PINK, YELLOW = _light("sky"), _light("pink"), _light("yellow")
VERMILLION_WORDS = _light("vermillion_words")
ON_DEEP, ON_BRIGHT = _light("on_deep"), _light("on_bright")
ALWAYS_LIGHT, ALWAYS_DARK = _light("always_light"), _light("always_dark")

#: The shade to write with for a fill.
WORDS = {
    fill: _light(f"{name}_words")
    for name, (fill, _) in PALETTE.items()
    if f"{name}_words" in PALETTE
} | {GREY: GREY, INK: INK}  # fmt: skip

#: The shade to write with upon a fill.
ON_FILL = {
    BLUE: ON_DEEP,
    ORANGE: ON_BRIGHT,
    GREEN: ON_BRIGHT,
    VERMILLION: ON_BRIGHT,
    SKY: ON_BRIGHT,
    PINK: ON_BRIGHT,
    YELLOW: ON_BRIGHT,
    PALE: INK,
}

#: Colour and marker of each strategy, the same in every picture.
STRATEGY_LOOK = {
    "single_region": (GREY, "X"),
    "backup_restore": (ORANGE, "s"),
    "pilot_light": (BLUE, "o"),
    "warm_standby": (GREEN, "D"),
    "hot_standby": (VERMILLION, "^"),
    "active_active": (PINK, "v"),
}

#: Components in the order they stack, each with a colour it has in every picture.
STACKED = {
    "database": BLUE,
    "compute": ORANGE,
    "cache": SKY,
    "storage": GREEN,
    "network": VERMILLION,
    "edge": PINK,
    "database_replication": YELLOW,
}

#: What ink needs behind it where it may lie on something.
GROUND = {"facecolor": PAPER, "edgecolor": "none"}

_LOOK = {
    "axes.edgecolor": GREY,
    "axes.facecolor": PAPER,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.7,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "drkit",
    "text.color": INK,
    "text.hinting": "none",
    "text.parse_math": False,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib's defaults with drkit's settings, for the length of a block or of a function."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        yield


#: What an artist may have a colour for, in this order: a marker without a colour of its own has that of its line.
_COLOURED = ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")


@contextmanager
def shaded(figure: Figure, theme: Theme) -> Iterator[None]:
    """Every colour of the palette in the shade of a theme, for the length of a block."""
    before: list[tuple[Callable[[Any], None], Any]] = []
    shades = {pair.light.lower(): getattr(pair, theme) for pair in PALETTE.values()}
    try:
        for artist in _artists(figure) if theme != "light" else ():
            for name in _COLOURED:
                get, put = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
                if get is None or put is None:
                    continue
                colour = get()
                known = to_rgba_array(colour)
                shade = [to_rgba(shades.get(to_hex(one), one), one[3]) for one in known]
                if len(known) and (known != shade).any():
                    before.append((put, colour))
                    put(shade if np.ndim(colour) == 2 else shade[0])
        yield
    finally:
        for put, colour in reversed(before):
            put(colour)


def _artists(figure: Figure) -> Iterator[Artist]:
    """All artists of a figure; what lies behind a text and leads to it is none of its children."""
    for artist in figure.findobj():
        yield artist
        if isinstance(artist, Text):
            behind = (artist.get_bbox_patch(), artist.arrow_patch if isinstance(artist, Annotation) else None)
            yield from filter(None, behind)


def component_colours(order: Iterable[str]) -> dict[str, str]:
    """A colour for each component, the same in every picture; the first without one borrow what this one spares."""
    wanted = list(order)
    spare = iter([colour for component, colour in STACKED.items() if component not in wanted])
    return {c: STACKED[c] if c in STACKED else next(spare, PALE) for c in wanted}


def contrast(one: str, other: str) -> float:
    """How well one colour reads on another, 1 to 21; 4.5 is what text needs (WCAG 2.2, relative luminance)."""
    dark, light = sorted(_luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def heat(value: float, values: Collection[float]) -> str:
    """The colour of a value [any unit] among others, least light, most dark; the same in both themes."""
    low, high = min(values), max(values)
    return to_hex(colormaps["viridis"](1 - (value - low) / (high - low) if high > low else 1.0))


_current: ContextVar[Theme] = ContextVar("theme", default="light")


class theme:  # noqa: N801 - read as a verb: figures.theme("dark")
    """Draw pictures light or dark from here on, or within a ``with`` block.

    Parameters
    ----------
    name
        ``light`` or ``dark``.

    Raises
    ------
    ParameterError
        When there is no such theme.
    """

    def __init__(self, name: Theme) -> None:
        check(name)
        self._before = _current.set(name)

    def __enter__(self) -> None:
        """Nothing to do: the theme is set."""

    def __exit__(self, *error: object) -> None:
        """Back to the theme of before."""
        _current.reset(self._before)


def current() -> Theme:
    """The theme that new pictures take."""
    return _current.get()


def check(name: str) -> None:
    """Refuse a theme that does not exist.

    Raises
    ------
    ParameterError
        With the name and the themes there are.
    """
    if name not in THEMES:
        raise ParameterError(f"theme is {name!r}: it is {' or '.join(THEMES)}")
