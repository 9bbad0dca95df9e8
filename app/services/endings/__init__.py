"""What ends when something happens: one table, and the writes that carry it out."""
