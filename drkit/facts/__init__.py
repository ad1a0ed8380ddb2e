"""The catalog: snapshots of prices, support, regions and assumptions, and where each figure comes from."""
