"""One run of a notebook: its parameters, the engine that executes it, its page."""
