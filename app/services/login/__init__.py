"""How a person logs in, proves presence and recovers."""
