"""An executed notebook as one HTML page."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

#: nbconvert's page, with the alternative text that a picture brings along.
_TEMPLATE = """
{%- extends 'index.html.j2' -%}
{%- block data_png -%}
{%- set words = (output | get_metadata('alt', 'image/png')) or 'No description' -%}
{{ super() | replace('<img src', '<img alt="' + (words | escape_html) + '" src', 1) }}
{%- endblock -%}
"""
#: What can be scrolled, and so must be within reach of the keyboard.
_SCROLLS = re.compile(r'<div class="jp-(?:Cell-inputWrapper|Rendered\w+ [^"]*jp-OutputArea-output[^"]*)"')


def page(notebook: Any, title: str) -> str:
    """The executed notebook as one HTML page that loads nothing from anywhere.

    Parameters
    ----------
    notebook
        With its outputs; code is left out.
    title
        Of the page.
    """
    html, _ = _exporter().from_notebook_node(notebook, resources={"metadata": {"name": title}})
    return _SCROLLS.sub(r'\g<0> tabindex="0"', html)


@lru_cache(maxsize=1)
def _exporter() -> Any:
    """Made once: its templates are compiled at their first page."""
    from jinja2 import pass_context
    from nbconvert.exporters.html import HTMLExporter
    from nbconvert.exporters.templateexporter import TemplateExporter
    from nbconvert.filters import Highlight2HTML
    from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter

    prose: dict[str, str] = {}

    class Page(HTMLExporter):  # type: ignore[misc]
        """nbconvert's exporter without what takes two thirds of its time.

        It copies the notebook twice and validates it after each of its steps, and parses the page that it has made to
        add attributes to it. The prose between the cells, which is the same in every run, is translated once.
        """

        @pass_context
        def markdown2html(self, context: Any, source: str) -> Any:
            cell = context["cell"]
            if cell.cell_type != "markdown" or cell.get("attachments"):
                return super().markdown2html(context, source)
            if source not in prose:
                prose[source] = super().markdown2html(context, source)
            return prose[source]

        def from_notebook_node(self, nb: Any, resources: Any = None, **kwargs: Any) -> Any:
            resources = self._init_resources(resources)
            kinds = WidgetsDataTypeFilter(notebook_metadata=self._nb_metadata, parent=self, resources=resources)
            self.register_filter("filter_data_type", kinds)
            self.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3", parent=self))
            return TemplateExporter.from_notebook_node(self, nb, resources, **kwargs)

        def _preprocess(self, nb: Any, resources: Any) -> Any:
            for step in self._preprocessors:
                nb, resources = step(nb, resources)
            return nb, resources

    exporter = Page(
        template_name="lab",
        raw_template=_TEMPLATE,
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        embed_images=True,
    )
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = exporter.mermaid_js_url = ""
    return exporter
