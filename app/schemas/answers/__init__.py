"""Answers of the API, one file per resource: models that shape and document responses."""
