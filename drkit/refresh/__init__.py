"""AWS's price lists and APIs, read into a new snapshot."""
