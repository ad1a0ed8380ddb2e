"""How text and tables show themselves in a notebook."""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

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
        named = not isinstance(self.index, pd.RangeIndex)
        shown = pd.DataFrame(self).reset_index() if named else self
        columns = [_column(column, row_names=named and not at) for at, (_, column) in enumerate(shown.items())]
        head = "".join(f"<th>{escape(_cell(one), quote=False)}</th>" for one in _headings(self, shown))
        rows = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in zip(*columns, strict=True))
        # Styles are bound to an id; one made from the content is unique in a page and the same in every run.
        name = f"T_{zlib.crc32(f'{head}{rows}'.encode()):08x}"
        return (
            f"<style>#{name} th {{ text-align: left; vertical-align: top; }}\n"
            f"#{name} td.l {{ text-align: left; }} #{name} td.r {{ text-align: right; }}\n"
            f"#{name} .n {{ white-space: nowrap; }}</style>\n"
            f'<table id="{name}">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
        )


def _headings(table: Table, shown: pd.DataFrame) -> list[object]:
    names: list[object] = list(shown.columns)
    if len(names) > len(table.columns):  # the index in front has its own name, and often none
        names[0] = table.index.name
    return names


def _column(column: pd.Series, row_names: bool) -> list[str]:
    """The cells of a column: names of rows as headings, figures to the right, what is short on one line."""
    cells = [_cell(value) for value in column]
    figures = all(re.fullmatch(r"[-+\d.,%/ ]*", cell) for cell in cells)
    kinds = [] if row_names else ["r" if figures else "l"]
    if all(len(cell) <= _ONE_LINE for cell in cells):
        kinds.append("n")
    tag = "th" if row_names else "td"
    look = f' class="{" ".join(kinds)}"' if kinds else ""
    return [f"<{tag}{look}>{escape(cell, quote=False)}</{tag}>" for cell in cells]


def _cell(value: object) -> str:
    """A value as people read it: thousands apart, two decimals, and nothing for what is missing."""
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else f"{value:,.2f}"
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


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
