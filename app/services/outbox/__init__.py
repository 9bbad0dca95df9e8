"""Telling applications what ended: at least once, whoever is dead meanwhile (docs/decisions/046)."""
