"""Topologies judged: options, their comparison, the named choices, why not the others, and what would change it."""
