"""Use cases: values in, values out. They flush and never commit; no request is known here."""
