"""How text and tables show themselves in a notebook."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from pandas.io.formats.style import Styler

if TYPE_CHECKING:
    from collections.abc import Callable


#: Cells up to this length stay on one line: a figure and its unit, a region, a date.
_ONE_LINE = 24


#: Cells longer than this are broken into lines [characters].
_LONG = 60


class Markdown(str):
    """Text that a notebook shows as Markdown."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


class Table(pd.DataFrame):
    """A table that a notebook shows whole: text to the left, figures to the right, no row number."""

    @property
    def _constructor(self) -> Callable[..., Table]:
        return Table

    def _repr_html_(self) -> str:
        if not self.index.is_unique:  # a style is bound to one row, as where today and the choice are one strategy
            return self.reset_index()._repr_html_()
        # Styles are bound to an id; one made from the content is unique in a page and the same in every run.
        content = zlib.crc32(self.to_csv().encode())
        # Two options of one strategy have the same name in front, which pandas does not style.
        shown = self if self.index.is_unique else self.reset_index()
        styler = Styler(shown, uuid=f"{content:08x}", cell_ids=False, precision=2, thousands=",", na_rep="")
        for name in shown.columns:
            cells = [str(cell) for cell in shown[name]]
            figures = all(re.fullmatch(r"[-+\d.,%/ ]*(nan)?", cell) for cell in cells)
            look = {"text-align": "right" if figures else "left"}
            if all(len(cell) <= _ONE_LINE for cell in cells):
                look["white-space"] = "nowrap"
            styler.set_properties(subset=[name], **look)
        styler.set_table_styles([{"selector": "th", "props": "text-align: left; vertical-align: top"}])
        if isinstance(shown.index, pd.RangeIndex):
            styler.hide(axis="index")
        return str(styler.to_html())


@dataclass(frozen=True)
class Searchable:
    """A table that a notebook shows with a search field, sorted by a click on a heading."""

    html: str
    rows: int

    def __repr__(self) -> str:
        return f"Searchable({self.rows:,} rows)"

    def _repr_html_(self) -> str:
        return self.html


def searchable(frame: pd.DataFrame, caption: str = "", library: bool = True) -> Searchable:
    """Show a table of any length page by page, to be searched and sorted, also without a network.

    Parameters
    ----------
    frame
        What to show; its index is left out.
    caption
        A sentence with the table.
    library
        Whether the library that draws it travels along, so that a report that is mailed on still works; False for
        all but the first table of a page.
    """
    import itables.options
    from itables.javascript import generate_init_offline_itables_html

    head = generate_init_offline_itables_html(itables.options.dt_bundle) if library else ""
    name = f"table-{zlib.crc32((caption + frame.to_csv()).encode()):08x}"
    words = [at for at, column in enumerate(frame) if not pd.api.types.is_numeric_dtype(frame[column])]
    long = any(frame.iloc[:, at].astype(str).str.len().max() > _LONG for at in words)
    table = itables.to_html_datatable(
        frame,
        caption=caption or None,
        connected=False,
        table_id=name,
        showIndex=False,
        maxBytes=0,
        classes="display compact" + " nowrap" * (not long),
        columnDefs=[{"className": "dt-left", "targets": words}],
    )
    return Searchable(head + table, len(frame))
