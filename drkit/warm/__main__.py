"""``python -m drkit.warm LISTENER ALIVE``: started by `drkit.warm.client` with two open files, and by nobody else."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # The folder that python -m puts in front is no part of a kernel's path.
    del sys.path[0]

    from drkit.warm.server import serve

    serve(*(int(word) for word in sys.argv[1:3]))
