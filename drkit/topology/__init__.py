"""What could be built: strategies, sites, legality, and what changes from today."""
