"""What all pictures share: canvas, colours, title and corner, and the words on them."""

from __future__ import annotations

import io
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from drkit.errors import ParameterError
from drkit.figures import svg
from drkit.figures.palette import GREY, INK, PALETTE, PAPER, check, current, shaded, styled
from drkit.figures.text import wrapped
from drkit.topology.strategies import STRATEGY_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matplotlib.transforms import Bbox

    from drkit.bill.lines import Bill
    from drkit.choice.options import Option
    from drkit.facts.snapshot import Snapshot
    from drkit.figures.palette import Theme
    from drkit.topology.topology import Topology

#: Pixels of a screen to the inch, and how much finer than a screen a picture is drawn.
SCREEN_DPI, _FINER = 100, 1.5
_WIDE_IN, _MARGIN_IN = 10.0, 0.12


class Picture(Figure):
    """A matplotlib figure that stands apart from pyplot and from the user's own settings.

    It shows itself in a notebook whether or not pyplot was ever imported.
    """

    canvas: FigureCanvasAgg
    theme: Theme = "light"
    #: How to read the picture, in a sentence.
    explanation = ""

    #: Where the notes below end, and where the title begins [part of the figure's height].
    floor = 0.0
    ceiling = 1.0
    #: What gives the axes their place; None once they have it.
    room: ConstrainedLayoutEngine | None = None

    def fill(self, bottom: float) -> None:
        """Give the axes the room from this height [part of the sheet] up to the title."""
        self.floor = bottom
        rect = (0.004, bottom, 0.99, self.ceiling - bottom)
        # Not the figure's own engine: with that, savefig draws everything twice.
        self.room = ConstrainedLayoutEngine(rect=rect, w_pad=0.06, h_pad=0.04)

    def settle(self) -> None:
        """Give the axes their final place, so that labels can be set by pixels."""
        if self.room is not None:
            self.room.execute(self)
            self.room = None

    def draw(self, renderer: Any) -> None:
        """Draw with drkit's settings, whatever the user's are, and in the picture's theme."""
        with styled():
            self.settle()
            with shaded(self, self.theme):
                super().draw(renderer)

    @property
    def finding(self) -> str:
        """What the picture shows, in one sentence: its title."""
        return str(self.get_suptitle()).replace("\n", " ")

    def png(self, theme: Theme | None = None) -> bytes:
        """The picture as a PNG file, in a theme or in its own."""
        theme = theme or self.theme
        with self._in(theme):
            self.canvas.draw()
        file = io.BytesIO()
        _of_256_colours(np.asarray(self.canvas.buffer_rgba()), theme).save(file, "png", dpi=(self.dpi, self.dpi))
        return file.getvalue()

    def svg(self, theme: Theme | None = None) -> str:
        """The picture as one ``<svg>`` element with texts to search and a title to be read out.

        Parameters
        ----------
        theme
            ``light`` or ``dark``. Without it colours are CSS variables ``--dk-...``, which follow the reader's own
            setting; a page may set them, too.
        """
        if theme is not None:
            check(theme)
        file = io.StringIO()
        with self._in("light"), styled():
            self.settle()  # as the PNG is laid out: by the pixels of a screen, not by points
            self.savefig(file, format="svg", metadata={"Date": None})
        return svg.stand_alone(file.getvalue(), tuple(self.get_size_inches()), self.finding, self.explanation, theme)

    def save(self, path: str | Path, theme: Theme | None = None) -> Path:
        """Write the picture as ``.png`` or ``.svg``, whole or not at all.

        Parameters
        ----------
        theme
            ``light`` or ``dark``; the picture's own by default.

        Raises
        ------
        ParameterError
            When the name ends otherwise, or the folder does not take it.
        """
        target = Path(path)
        kind = target.suffix.lower()
        if kind not in (".png", ".svg"):
            raise ParameterError(f"cannot save a picture as {target.name!r}: the name must end in .png or .svg")
        theme = theme or self.theme
        body = self.png(theme) if kind == ".png" else (self.svg(theme) + "\n").encode()
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            beside.write_bytes(body)
            beside.replace(target)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise ParameterError(f"cannot write {target} ({error.strerror}): name a folder that exists") from error
        return target

    @contextmanager
    def _in(self, theme: Theme) -> Iterator[None]:
        """Another theme, for the length of a block."""
        check(theme)
        before, self.theme = self.theme, theme
        try:
            yield
        finally:
            self.theme = before

    def _repr_png_(self) -> tuple[bytes, dict[str, int | str]]:
        width, height = (round(inches * SCREEN_DPI) for inches in self.get_size_inches())
        return self.png(), {"width": width, "height": height, "alt": self.finding}


def _of_256_colours(pixels: Any, theme: Theme) -> Image.Image:
    """An image of drkit's own colours as they are, and of what lies between them.

    With all colours a file is three times as large.
    """
    drawn = Image.fromarray(pixels).convert("RGB")
    own = [round(255 * part) for pair in PALETTE.values() for part in to_rgb(getattr(pair, theme))]
    between = drawn.quantize(256 - len(PALETTE), Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = Image.new("P", (1, 1))
    palette.putpalette(own + (between.getpalette() or []))
    image = drawn.quantize(palette=palette, dither=Image.Dither.NONE)
    # Near a colour the nearest is not always found; the paper must be that of the page around.
    colours, paper = image.getpalette() or [], 3 * int(np.asarray(image)[0, 0])
    colours[paper : paper + 3] = pixels[0, 0, :3].tolist()
    image.putpalette(colours)
    return image


class Origin(NamedTuple):
    """The snapshot that a picture's figures come from."""

    date: str
    digest: str


def picture(
    title: str, snapshot: Snapshot | Origin, subtitle: str = "", note: str = "", height_in: float = 5.4
) -> Picture:
    """An empty picture with its title above and its origin below.

    Parameters
    ----------
    title
        The finding, in one sentence.
    snapshot
        Named in the lower right corner by date and digest.
    subtitle
        How to read the picture.
    note
        For the lower left corner: how far the figures shown are not observed.
    height_in
        Height [inch]; the width is 10 inches, 1,000 pixels on a screen.
    """
    figure = Picture(figsize=(_WIDE_IN, height_in), dpi=_FINER * SCREEN_DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.theme, figure.explanation = current(), subtitle
    left, low = _MARGIN_IN / _WIDE_IN, 0.07 / height_in
    head = _lines(title, 13.5, "bold")
    text = figure.suptitle(
        head, x=left, y=1 - _MARGIN_IN / height_in, ha="left", va="top", fontsize=13.5, fontweight="bold", color=INK
    )
    below = _box(figure, text).y0
    if subtitle:
        small: dict[str, Any] = {"ha": "left", "va": "top", "fontsize": 9.5, "color": GREY}
        below = _box(figure, figure.text(left, below - 0.05 / height_in, _lines(subtitle, 9.5), **small)).y0
    origin = f"drkit · snapshot {snapshot.date} · {snapshot.digest[:12]}"
    figure.text(1 - left, low, origin, ha="right", va="bottom", fontsize=8, color=GREY)
    above = low + 0.17 / height_in
    if note:
        small = {"ha": "left", "va": "bottom", "fontsize": 8, "color": GREY}
        above = max(above, _box(figure, figure.text(left, low, _lines(note, 8, wide=0.7), **small)).y1)
    figure.ceiling = below - 0.08 / height_in
    figure.fill(above + 0.08 / height_in)
    return figure


def _lines(words: str, size: float, weight: str = "normal", wide: float = 0.955) -> str:
    """Words in lines of at most this part of the figure's width."""
    # A figure and its unit stay on one line.
    glued = re.sub(r"(\d) (%|USD|s|min|h|d|km|ms)\b|(\d) (?=%)", "\\1\\3\u00a0\\2", words).replace("< ", "<\u00a0")
    return "\n".join(wrapped(glued, 72 * _WIDE_IN * wide, size, weight)).replace("\u00a0", " ")


def _box(figure: Picture, artist: Any) -> Bbox:
    """Where an artist lies on its figure [part of the figure]."""
    box: Bbox = artist.get_window_extent().transformed(figure.transFigure.inverted())
    return box


def sheet(figure: Picture) -> tuple[Any, float]:
    """Axes without a frame over all of a figure's width, in points from the upper left corner, and their height."""
    axes = figure.add_axes((0, figure.floor, 1, figure.ceiling - figure.floor))
    figure.room = None
    tall = 72 * figure.get_figheight() * (figure.ceiling - figure.floor)
    axes.set(xlim=(0, 72 * _WIDE_IN), ylim=(tall, 0))
    axes.set_axis_off()
    return axes, tall


def legend_below(figure: Picture, handles: Iterable[Any], columns: int = 6) -> None:
    """A legend in rows between the axes and the corner notes; the axes make room for it."""
    legend = figure.legend(
        handles=list(handles),
        loc="lower left",
        bbox_to_anchor=(_MARGIN_IN / _WIDE_IN, figure.floor),
        borderpad=0,
        borderaxespad=0,
        ncols=columns,
        columnspacing=1.4,
        handlelength=1.6,
    )
    legend.set_in_layout(False)
    figure.fill(figure.floor + _box(figure, legend).height + 0.06 / figure.get_figheight())


# Words -----------------------------------------------------------------------------------------------------------


def usd(amount: float) -> str:
    """An amount as people read it [USD]: ``1,777``, ``2.4 million``; cents only below 100."""
    if abs(amount) >= 1e6:
        return f"{amount / 1e6:,.1f} million"
    return f"{amount:,.2f}" if 0 < abs(amount) < 100 else f"{amount:,.0f}"


def percent(share: float) -> str:
    """A share [1] in percent: ``3.7 %``, and ``< 0.1 %`` rather than nothing for something."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def probability(share: float) -> str:
    """A probability [1] estimated from draws: it never reads as certainty, so 1 is ``over 99.9 %``."""
    return "over 99.9 %" if share >= 0.9995 else percent(share)


def kind(topology: Topology) -> str:
    """The strategy, and whether it has no database instance until it is needed: two ways with two RTOs."""
    strategy = STRATEGY_NAMES[topology.strategy]
    return f"Headless {strategy[0].lower()}{strategy[1:]}" if topology.headless else strategy


def name(option: Option) -> str:
    """Strategy and failover region: ``Pilot light in us-east-2``, ``Headless pilot light in us-east-2``."""
    topology = option.topology
    strategy = kind(topology)
    return f"{strategy} in {topology.failover_region}" if topology.failover else strategy


def against(amount: float, unit: str, reference: str) -> str:
    """A difference in words [USD]: ``353 USD a month more than today``."""
    if round(amount, 2) == 0:
        return f"as much as {reference}"
    words = [usd(abs(amount)), "USD", *unit.split(), "more" if amount > 0 else "less", "than", reference]
    return " ".join(words)


def how_known(basis: str) -> str:
    """How a figure is known, in a word: ``assumed``, ``own`` (the workload file), ``published``."""
    return "assumed" if "assumption" in basis else "own" if "user" in basis else "published"


def basis_note(bills: Iterable[Bill]) -> str:
    """How much of the bill shown is not observed; with several, of the one that has most of it."""
    known = list(bills)
    bill = max(known, key=basis_share)
    share = basis_share(bill)
    if share == 0.0:
        return "All prices are observed"
    parts = {
        kind: sum(line.monthly_usd for line in bill.not_observed if line.basis.startswith(kind)) / bill.monthly_usd
        for kind in ("derived", "proxy")
    }
    words = " and ".join(f"{percent(part)} {kind}" for kind, part in parts.items() if part)
    whose = "of the bill" if len(known) == 1 else "of a bill"
    return f"{'' if len(known) == 1 else 'Up to '}{percent(share)} {whose} rests on prices not observed: {words}"


def basis_share(bill: Bill) -> float:
    """Part of a bill that rests on derived or proxy prices, 0 to 1."""
    return sum(line.monthly_usd for line in bill.not_observed) / bill.monthly_usd if bill.monthly_usd else 0.0
