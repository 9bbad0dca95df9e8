"""What a user is asked to approve, and what the user approved."""
