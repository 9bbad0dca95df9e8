"""What ends what: one table, and the writes that make it true."""
