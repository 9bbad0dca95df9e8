"""What a user is asked to approve, and what was approved."""
