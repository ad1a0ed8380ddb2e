"""A widget for each field: sliders with their value beside them, lists, ticks and texts, all usable by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from drkit.errors import ParameterError

if TYPE_CHECKING:
    from drkit.explorer.draft import Draft
    from drkit.explorer.fields import Field

#: Called with the field and the value chosen, or with what is wrong about what was typed.
OnChange = Callable[["Field", Any], None]
OnError = Callable[["Field", ParameterError], None]


class Control:
    """One field as a widget.

    Parameters
    ----------
    on_change, on_error
        Called when somebody changes the value, or types something that cannot be read.
    """

    def __init__(self, field: Field, draft: Draft, on_change: OnChange, on_error: OnError) -> None:
        self.field = field
        self._on_change = on_change
        self._on_error = on_error
        self._setting = False
        self.inputs: list[Any] = []
        #: What can be slid over or chosen: its words, and the value.
        self._steps: dict[str, Any] = {}
        self.widget = getattr(self, f"_{field.kind}")(draft)
        for widget in self.inputs:
            widget.observe(self._changed, "value")

    def show(self, draft: Draft) -> None:
        """Show what the draft says, without calling ``on_change``."""
        self._setting = True
        try:
            value = self.field.value(draft)
            match self.field.kind:
                case "dial":
                    self._offer(draft)
                    self.inputs[0].value = self.inputs[1].value = self.field.say(value)
                case "choice":
                    self._offer(draft)
                    self.inputs[0].value = self.field.say(value)
                case "several" if len(self.inputs) == 1:
                    self.inputs[0].value = value
                case "several":
                    for option, tick in zip(self.field.values, self.inputs, strict=True):
                        tick.value = option in value
                case "text":
                    self.inputs[0].value = self.field.say(value)
        finally:
            self._setting = False

    def _offer(self, draft: Draft) -> None:
        """Have the draft's own value among those that can be chosen."""
        if self.field.say(self.field.value(draft)) not in self._steps:
            self._steps = dict(self.field.steps(draft))
            self.inputs[0].options = list(self._steps)

    def _changed(self, change: Any) -> None:
        if self._setting:
            return
        try:
            value = self._value(change)
        except ParameterError as error:
            self._on_error(self.field, error)
        else:
            self._on_change(self.field, value)

    def _value(self, change: Any) -> Any:
        new = change["new"]
        if isinstance(change["owner"], widgets.Text):
            return self.field.typed(new)
        if self.field.kind == "several":
            many = len(self.inputs) > 1
            ticked = zip(self.field.values, self.inputs, strict=True) if many else ()
            return tuple(option for option, tick in ticked if tick.value) if many else tuple(new)
        return self._steps[new]

    # Kinds ----------------------------------------------------------------------------------------------------------

    def _dial(self, draft: Draft) -> Any:
        field = self.field
        self._steps = dict(field.steps(draft))
        slider = widgets.SelectionSlider(
            options=list(self._steps),
            value=field.say(field.value(draft)),
            description=field.label,
            tooltip=field.help,
            readout=False,
            continuous_update=False,
        )
        text = self._entry(field.say(field.value(draft)), f"{field.label}: {field.help}")
        self.inputs = [slider, text]
        return with_class(widgets.HBox([slider, text]), "drkit-dial")

    def _choice(self, draft: Draft) -> Any:
        field = self.field
        self._steps = dict(field.steps(draft))
        dropdown = widgets.Dropdown(
            options=list(self._steps), value=field.say(field.value(draft)), description=field.label
        )
        self.inputs = [dropdown]
        return dropdown

    def _several(self, draft: Draft) -> Any:
        field, own = self.field, self.field.value(draft)
        if len(field.values) > 8:
            several = widgets.SelectMultiple(
                options=[(field.say(value), value) for value in field.values],
                value=own,
                rows=6,
                description=field.label,
                layout=widgets.Layout(height="auto"),
            )
            self.inputs = [several]
            return several
        self.inputs = [
            widgets.Checkbox(value=value in own, description=field.say(value), indent=False) for value in field.values
        ]
        return with_class(widgets.Box(self.inputs), "drkit-ticks")

    def _text(self, draft: Draft) -> Any:
        field = self.field
        text = self._entry(field.say(field.value(draft)), field.help, field.label)
        self.inputs = [text]
        return text

    def _entry(self, value: str, tooltip: str, label: str = "") -> Any:
        return widgets.Text(value=value, description=label, tooltip=tooltip, continuous_update=False)


def form(controls: list[Control]) -> Any:
    """The controls in their groups, each under its name."""
    groups: dict[str, list[Control]] = {}
    for control in controls:
        groups.setdefault(control.field.group, []).append(control)
    boxes = []
    for name, members in groups.items():
        inner: list[Any] = [with_class(widgets.HTML(name), "drkit-legend")]
        for control in members:
            inner.append(control.widget)
            if control.field.help and control.field.kind in ("several", "text"):
                inner.append(with_class(widgets.HTML(control.field.help), "drkit-help"))
        boxes.append(with_class(widgets.VBox(inner), "drkit-group"))
    return with_class(widgets.Box(boxes), "drkit-form")


def with_class(widget: Any, name: str) -> Any:
    """The widget, with a class for the style sheet."""
    widget.add_class(name)
    return widget
