"""The explorer: controls on one side, what follows from them on the other.

A change waits a moment for others, so that of many only the last is drawn; then only what is seen is drawn.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from drkit.choice.comparer import Comparer, Glance
from drkit.errors import DrkitError
from drkit.explorer import files, panes
from drkit.explorer.bounds import Bounds
from drkit.explorer.controls import Control, form, with_class
from drkit.explorer.draft import Draft
from drkit.explorer.fields import fields
from drkit.figures.palette import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drkit.choice.comparison import Comparison
    from drkit.errors import ParameterError
    from drkit.explorer.draft import Place
    from drkit.explorer.fields import Field
    from drkit.facts.catalog import Catalog
    from drkit.figures.palette import Theme

_LOG = logging.getLogger(__name__)

#: Changes that come within this time are one [s]: a held key repeats every 30 ms.
TOGETHER_S = 0.02
#: What a notebook keeps to be read without a kernel is drawn when nothing has changed for this long [s].
_QUIET_S = 1.0


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage collection while somebody waits: with a catalog in memory one takes 100 ms."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Page(str):
    """HTML that a notebook shows."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return "What was explored last"


class Explorer:
    """Controls and outputs of one workload.

    Parameters
    ----------
    draft
        The workload file to begin with.
    catalog, seed, samples
        As for :func:`drkit.compare_topologies`.
    out_dir
        Where buttons write to; ``out/NAME`` by default.
    theme
        Of the pictures, ``light`` or ``dark``.
    confined_to
        As for :func:`drkit.explore`.
    """

    def __init__(
        self,
        draft: Draft,
        catalog: Catalog,
        seed: int = 1,
        samples: int = 20_000,
        out_dir: str | Path | None = None,
        theme: Theme = "light",
        confined_to: str | Path | None = None,
    ) -> None:
        check(theme)
        self._bounds = Bounds.of(confined_to) if confined_to else None
        self._theme: Theme = theme
        self._comparer = Comparer(catalog, seed, samples)
        self._lock = threading.RLock()
        self._waiting: dict[str, tuple[Field, Any]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._display: Any = None
        self.draft = draft
        self.comparison: Comparison = self._comparer.compare(draft.workload)
        self._glance = Glance.of(self.comparison)
        self._make_widgets(Path(out_dir) if out_dir else Path(confined_to or "out") / draft.workload.name)
        self._show_form()
        self._show(panes.drawn(self._pane, self._glance, self._theme))

    def __repr__(self) -> str:
        return f"Explorer({self.draft!r}, chosen {self.comparison.chosen.topology_id})"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)  # type: ignore[no-untyped-call]
        # A notebook keeps this beside the controls; the style sheet in the controls hides it as long as they live.
        self._display = display(_Page(self._standing()), display_id=True)  # type: ignore[no-untyped-call]

    # Called from outside ---------------------------------------------------------------------------------------------

    def change(self, field: Field, value: Any) -> None:
        """Take another value of a field; what follows is shown a moment later."""
        with self._lock:
            self._waiting[field.name] = (field, value)
        self._soon("apply", TOGETHER_S, self._apply)

    def load(self, source: str | Path) -> None:
        """Go on with another workload file, or a bundled workload; when it is wrong, all stays as it was."""
        self._do(lambda: self._take(Draft.read(source, self._comparer.catalog), anew=True), "")

    def show_pane(self, title: str) -> None:
        """Show another pane."""
        self._panes.value = title

    # Following -------------------------------------------------------------------------------------------------------

    def _apply(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            changes: dict[Place, Any] = {}
            for field, value in waiting.values():
                changes |= field.change(self.draft, value)
            if changes:
                self._do(lambda: self._take(self.draft.changed(changes)), "")

    def _take(self, draft: Draft, anew: bool = False) -> str:
        """Compare and draw a draft, and only then show it."""
        start = time.perf_counter()
        comparison = self._comparer.compare(draft.workload)
        glance = Glance.of(comparison)
        shown = panes.drawn(self._pane, glance, self._theme)
        self.draft, self.comparison, self._glance = draft, comparison, glance
        if anew:
            self._show_form()
        else:
            self._show_values()
        self._show(shown)
        many = len(comparison.options) + len(comparison.rejected)
        return f"{many} topologies compared and drawn in {time.perf_counter() - start:.2f} s."

    def _do(self, action: Callable[[], str], doing: str) -> None:
        """Do something, and say how it went; what is wrong is a sentence, and changes nothing."""
        with self._lock, _undisturbed():
            if doing:
                self._say(doing)
            try:
                self._say(action())
            except Exception as error:
                fault = (
                    "" if isinstance(error, DrkitError) else f"drkit failed, by its own fault: {type(error).__name__}: "
                )
                if fault:
                    _LOG.exception("The explorer failed")
                self._show_values()
                self._say(f"{fault}{error}\nNothing was changed.", wrong=True)

    def _wrong(self, field: Field, error: ParameterError) -> None:
        with self._lock:
            stays = field.say(field.value(self.draft))
            self._show_values()
            self._say(f"{error}. It stays {stays or 'empty'}.", wrong=True)

    def _say(self, text: str, wrong: bool = False) -> None:
        role = 'role="alert" class="drkit-wrong"' if wrong else 'role="status"'
        self._status.value = f"<div {role}>{escape(text)}</div>"

    def _soon(self, name: str, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after a while, unless it is asked for again before; at once where no event loop runs."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            if delay_s < _QUIET_S:
                action()
            return
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = loop.call_later(delay_s, action)

    # Showing ---------------------------------------------------------------------------------------------------------

    def _make_widgets(self, out_dir: Path) -> None:
        style = resources.files("drkit.explorer").joinpath("look.css").read_text(encoding="utf-8")
        self._headline = with_class(widgets.HTML(), "drkit-headline")
        self._picture = with_class(widgets.HTML(), "drkit-picture")
        self._table = with_class(widgets.HTML(), "drkit-table")
        self._status = with_class(widgets.HTML(), "drkit-said")
        self._panes = widgets.ToggleButtons(options=[pane.title for pane in panes.PANES], tooltips=[])
        self._panes.observe(lambda _: self._soon("pane", 0.0, self._show_pane), "value")
        self._folder = self._text("Write to", str(out_dir), "folder for tfvars, report and workload file")
        self._source = self._text("Load", "", "path of a workload file, or the name of a bundled one")
        self._buttons = [
            self._button("Write tfvars", "Writing tfvars and asking Terraform …", self._write_tfvars),
            self._button("Save report", "Writing the report …", self._save_report),
            self._button("Save workload", "Writing the workload file …", self._save_workload),
        ]
        load = self._button("Load workload", "", self._load)
        leave = with_class(widgets.HBox([self._folder, *self._buttons]), "drkit-buttons")
        enter = with_class(widgets.HBox([self._source, load]), "drkit-buttons")
        self._form = widgets.Box()
        result = [
            self._headline,
            self._status,
            with_class(self._panes, "drkit-panes"),
            self._picture,
            self._table,
            leave,
            enter,
        ]
        columns = widgets.Box([self._form, with_class(widgets.VBox(result), "drkit-result")])
        self._columns = with_class(columns, "drkit-columns")
        self.widget = with_class(widgets.VBox([widgets.HTML(f"<style>{style}</style>"), self._columns]), "drkit")

    def _text(self, label: str, value: str, tooltip: str) -> Any:
        return widgets.Text(value=value, description=label, tooltip=tooltip, continuous_update=False)

    def _button(self, label: str, doing: str, action: Callable[[], str]) -> Any:
        button = widgets.Button(description=label)
        button.on_click(lambda _: self._do(action, doing))
        return button

    def _show_form(self) -> None:
        self.controls = {
            field.name: Control(field, self.draft, self.change, self._wrong)
            for field in fields(self.draft, self.comparison.today.bill.monthly_usd)
        }
        self._form = form(list(self.controls.values()))
        self._columns.children = (self._form, self._columns.children[1])

    def _show_values(self) -> None:
        for control in self.controls.values():
            control.show(self.draft)

    def _show_pane(self) -> None:
        self._do(lambda: self._show(panes.drawn(self._pane, self._glance, self._theme)), "")

    def _show(self, shown: panes.Shown) -> str:
        self._picture.value = shown.picture
        self._table.value = shown.table
        self._headline.value = panes.headline(self._glance)  # last: when it has changed, all has
        self._soon("keep", _QUIET_S, self._keep)
        return ""

    @property
    def _pane(self) -> panes.Pane:
        return next(pane for pane in panes.PANES if pane.title == self._panes.value)

    def _keep(self) -> None:
        gc.collect()
        if self._display is not None:
            self._display.update(_Page(self._standing()))

    def _standing(self) -> str:
        settings = [
            (control.field.label, control.field.say(control.field.value(self.draft)))
            for control in self.controls.values()
            if control.field.kind != "several"
        ]
        shown = panes.Shown(self._picture.value, self._table.value)
        body = panes.standing(self._glance, self._pane.title, shown, settings)
        return f'<div class="drkit-kept">{body}</div>'

    # Buttons ---------------------------------------------------------------------------------------------------------

    def _write_tfvars(self) -> str:
        return _sentence(files.write_tfvars(self.comparison, self._where, _today()))

    def _save_report(self) -> str:
        return _sentence(files.save_report(self.comparison, self._where, _today()))

    def _save_workload(self) -> str:
        path = self.draft.save(self._where / f"{self.draft.workload.name}.yaml")
        return f"{path} written, with {len(self.draft.changes)} changes."

    def _load(self) -> str:
        typed = self._source.value.strip()
        source = self._bounds.to_load(typed) if self._bounds else typed
        return self._take(Draft.read(source, self._comparer.catalog), anew=True)

    @property
    def _where(self) -> Path:
        typed = self._folder.value.strip() or "."
        return self._bounds.to_write(typed) if self._bounds else Path(typed).expanduser()


def _sentence(written: files.Written) -> str:
    return f"{written.path} written: {written.note}"


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
