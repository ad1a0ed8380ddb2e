"""A topology priced: quantities, lines, and the difference of two bills by price and quantity."""
