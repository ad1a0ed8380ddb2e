"""What builds drkit's own data, outside the wheel.

``make data FACTS=folder`` builds ``data/snapshot`` and ``data/history`` from a folder of collected facts: `tools.facts`
reads prices and everything else that becomes a table of the snapshot, `tools.rules` the rules, step times and rates,
`tools.outages` the history of outages. The same facts give the same bytes. `tools.outline` makes the map's coastlines.
No module of drkit imports these.
"""
