"""Counters that expire, behind one interface: in the database, in Redis, or in this process."""
