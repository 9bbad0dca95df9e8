"""Authlib is spoken here, and only here."""
