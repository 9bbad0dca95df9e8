"""Questions about the past and the possible: explain, what-if, searches over audit and sessions."""
