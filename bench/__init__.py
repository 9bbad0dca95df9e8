"""Measurements, not tests: CPU per request and queries, printed as a table."""
