"""How a user logs in, proves presence and recovers access."""
