"""Cost by component, and losses by disruption."""
