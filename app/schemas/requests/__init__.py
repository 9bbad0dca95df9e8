"""Requests of the API and fields of the console, one file per resource."""
