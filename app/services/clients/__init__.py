"""Registering, changing and deleting OAuth clients."""
