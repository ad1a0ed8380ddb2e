"""Uncertain numbers: quantities, draws, quantiles, fits and the Pareto front."""
