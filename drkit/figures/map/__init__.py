"""Failover regions on a map."""
