"""A topology timed: disruptions, steps, simulation, years, and calibration by drills."""
