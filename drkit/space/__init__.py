"""Every size of every topology, as arrays."""
