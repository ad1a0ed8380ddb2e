"""What all pictures share: canvas, colours, title and corner, and the words on them."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from matplotlib.figure import Figure

from drkit.errors import ParameterError
from drkit.figures.canvas import Canvas, line_width
from drkit.figures.once import keep
from drkit.figures.palette import GREY, INK, PAPER, check, current, look
from drkit.figures.svg import svg
from drkit.figures.ticks import Panel
from drkit.topology.strategies import STRATEGY_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from matplotlib.axes import Axes

    from drkit.bill.lines import Bill
    from drkit.choice.options import Option
    from drkit.facts.snapshot import Snapshot
    from drkit.figures.palette import Theme
    from drkit.topology.topology import Topology

P = ParamSpec("P")
R = TypeVar("R")

#: Pixels of a screen to the inch, and how much finer than a screen a picture is drawn.
SCREEN_DPI, _FINER = 100, 1.5
_MARGIN_IN = 0.12


class Picture(Figure):
    """A matplotlib figure that stands apart from pyplot and from the user's own settings.

    It shows itself in a notebook whether or not pyplot was ever imported.
    """

    canvas: Canvas
    theme: Theme = "light"
    #: How to read the picture, in a sentence.
    explanation = ""
    #: Where a notebook's view of it is kept; see `drkit.figures.once`.
    kept: Path | None = None

    #: Where the notes below end, and where the title begins [part of the figure's height].
    floor = 0.0
    ceiling = 1.0

    def add_subplot(self, *args: Any, **kwargs: Any) -> Axes:
        """Axes in the room that `fill` gives."""
        axes: Axes = super().add_subplot(*args, axes_class=Panel, **kwargs)
        return axes

    def fill(self, bottom: float) -> None:
        """Give the axes the room from this height up to the title."""
        self.floor = bottom
        rect = (0.004, bottom, 0.99, self.ceiling - bottom)
        self.set_layout_engine("constrained", rect=rect, w_pad=0.06, h_pad=0.04)

    def draw_without_rendering(self) -> None:
        """Give the axes their final place, so that labels can be set by pixels."""
        with look():
            renderer = self.canvas.get_renderer()
            if engine := self.get_layout_engine():
                engine.execute(self)
                self.set_layout_engine("none")
            for axes in self.axes:
                for one in (axes, *axes.child_axes):
                    locator = one.get_axes_locator()
                    one.apply_aspect(None if locator is None else locator(one, renderer))

    def draw(self, renderer: Any) -> None:
        """Draw with drkit's settings, whatever the user's are."""
        with look():
            super().draw(renderer)

    @property
    def finding(self) -> str:
        """What the picture shows, in one sentence: its title."""
        return str(self.get_suptitle()).replace("\n", " ")

    def png(self, theme: Theme | None = None) -> bytes:
        """The picture as a PNG file, in a theme or in its own."""
        before = self.theme
        self.theme = _checked(theme) or before
        try:
            return self.canvas.png()
        finally:
            self.theme = before

    def svg(self, theme: Theme | None = None) -> str:
        """The picture as one ``<svg>`` element with texts to search and a title to be read out.

        Parameters
        ----------
        theme
            ``light`` or ``dark``. Without it colours are CSS variables ``--dk-...``, which follow the reader's own
            setting; a page may set them, too.
        """
        return svg(self, _checked(theme))

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
        theme = _checked(theme) or self.theme
        body = self.png(theme) if kind == ".png" else (self.svg(theme) + "\n").encode()
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            beside.write_bytes(body)
            beside.replace(target)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise ParameterError(f"cannot write {target} ({error.strerror}): name a folder that exists") from error
        return target

    def _repr_png_(self) -> tuple[bytes, dict[str, int | str]]:
        width, height = (round(inches * SCREEN_DPI) for inches in self.get_size_inches())
        body, told = self.canvas.png(), {"width": width, "height": height, "alt": self.finding}
        if self.kept:
            keep(self.kept, self, body, told)
        return body, told


def _checked(theme: Theme | None) -> Theme | None:
    if theme is not None:
        check(theme)
    return theme


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function that draws with drkit's settings, and leave the user's as they were."""

    @functools.wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with look():
            return function(*args, **kwargs)

    return inner


class Origin(NamedTuple):
    """The snapshot that a picture's figures come from."""

    date: str
    digest: str

    @classmethod
    def of(cls, snapshot: Snapshot) -> Origin:
        """Of a snapshot what a picture names."""
        return cls(str(snapshot.date), snapshot.digest)


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
    figure = Picture(figsize=(10, height_in), dpi=_FINER * SCREEN_DPI, facecolor=PAPER)
    Canvas(figure)
    figure.theme, figure.explanation = current(), subtitle
    left, top = _MARGIN_IN / 10, 1 - _MARGIN_IN / height_in
    head = figure.suptitle("", x=left, y=top, ha="left", va="top", fontsize=13.5, fontweight="bold", color=INK)
    below = _wrap(figure, head, title)
    if subtitle:
        small = figure.text(left, below - 0.05 / height_in, "", ha="left", va="top", fontsize=9.5, color=GREY)
        below = _wrap(figure, small, subtitle)
    origin = f"drkit · snapshot {snapshot.date} · {snapshot.digest[:12]}"
    low = 0.07 / height_in
    figure.text(1 - left, low, origin, ha="right", va="bottom", fontsize=8, color=GREY)
    above = low + 0.17 / height_in
    if note:
        text = figure.text(left, low, "", ha="left", va="bottom", fontsize=8, color=GREY)
        _wrap(figure, text, note, width=0.7)
        box = text.get_window_extent().transformed(figure.transFigure.inverted())
        above = max(above, float(box.y1))
    figure.ceiling = below - 0.08 / height_in
    figure.fill(above + 0.08 / height_in)
    return figure


def _wrap(figure: Picture, text: Any, words: str, width: float = 0.955) -> float:
    """Set a text in lines of at most this part of the figure's width; return its lower end [figure]."""
    lines: list[str] = []
    room = width * figure.bbox.width
    # A figure and its unit stay on one line.
    glued = re.sub(r"(\d) (%|USD|s|min|h|d|km|ms)\b|(\d) (?=%)", "\\1\\3\u00a0\\2", words).replace("< ", "<\u00a0")
    for word in glued.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and line_width(longer, text) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    text.set_text("\n".join(lines).replace("\u00a0", " "))
    return float(text.get_window_extent().transformed(figure.transFigure.inverted()).y0)


def legend_below(figure: Picture, handles: Iterable[Any], columns: int = 6) -> None:
    """A legend in rows between the axes and the corner notes; the axes make room for it."""
    legend = figure.legend(
        handles=list(handles),
        loc="lower left",
        bbox_to_anchor=(_MARGIN_IN / 10, figure.floor),
        borderpad=0,
        borderaxespad=0,
        ncols=columns,
        columnspacing=1.4,
        handlelength=1.6,
    )
    legend.set_in_layout(False)
    box = legend.get_window_extent().transformed(figure.transFigure.inverted())
    figure.fill(figure.floor + box.height + 0.06 / figure.get_figheight())


# Words -----------------------------------------------------------------------------------------------------------


def usd(amount: float) -> str:
    """An amount as people read it [USD]: ``1,777``, ``2.4 million``; cents only below 100."""
    if abs(amount) >= 1e6:
        return f"{amount / 1e6:,.1f} million"
    return f"{amount:,.2f}" if 0 < abs(amount) < 100 else f"{amount:,.0f}"


def percent(share: float) -> str:
    """A share in percent: ``3.7 %``, and ``< 0.1 %`` rather than nothing for something."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def probability(share: float) -> str:
    """A probability estimated from draws: it never reads as certainty, so 1 is ``over 99.9 %``."""
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
