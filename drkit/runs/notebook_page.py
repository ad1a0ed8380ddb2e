"""An executed notebook as one HTML page."""

from __future__ import annotations

from functools import cache
from typing import Any

#: nbconvert's page, with the alternative text that a picture brings along.
_TEMPLATE = """
{%- extends 'index.html.j2' -%}
{%- block data_png -%}
{%- set words = (output | get_metadata('alt', 'image/png')) or 'No description' -%}
{{ super() | replace('<img src', '<img alt="' + (words | escape_html) + '" src', 1) }}
{%- endblock -%}
"""


def page(notebook: Any, title: str) -> str:
    """The executed notebook as one self-contained HTML page.

    Parameters
    ----------
    notebook
        With its outputs; code is left out.
    title
        Of the page.
    """
    html, _ = _exporter().from_notebook_node(notebook, resources={"metadata": {"name": title}})
    return str(html)


@cache
def _exporter() -> Any:
    """Made once: its templates are compiled at their first page."""
    from nbconvert.exporters import HTMLExporter

    exporter = HTMLExporter(
        template_name="lab",
        raw_template=_TEMPLATE,
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        embed_images=True,
    )
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = exporter.mermaid_js_url = ""
    return exporter
