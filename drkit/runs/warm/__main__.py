"""``python -m drkit.runs.warm LISTENER ALIVE``: started by `drkit.runs.warm.client` alone, with two open files."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # The folder that python -m puts in front is no part of a kernel's path.
    del sys.path[0]

    from drkit.runs.warm.server import serve

    serve(*(int(word) for word in sys.argv[1:3]))
