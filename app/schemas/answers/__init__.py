"""What the API answers, one file per resource: models that shape responses and document them."""
