"""The first start, demo data, pruning and readiness."""
