"""Where facts come from: one module per source, each writing a snapshot in drkit's own format."""
