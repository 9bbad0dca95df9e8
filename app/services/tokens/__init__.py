"""Codes, tokens and OAuth sessions, and the keys that sign them."""
