"""The architecture of a topology, drawn."""
