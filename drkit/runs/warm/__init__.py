"""Processes that start warm: a server with everything imported forks one for each notebook run.

A fresh kernel spends seconds on imports that are the same every time. Here they are paid once, by a process that does
nothing else: no thread of Python, no event loop, no socket of ZeroMQ. What a run needs is forked off it in
milliseconds and ends with the run, so nothing that one run sets is there for the next.

Only Linux has what this needs (addresses without a file, death with the parent); elsewhere kernels start as always.
"""

from __future__ import annotations

import sys

#: Whether this operating system can fork warm processes.
POSSIBLE = sys.platform == "linux"
