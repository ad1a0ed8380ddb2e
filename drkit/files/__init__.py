"""Files: those that ship with drkit, those that appear whole or not at all, locks, YAML."""
