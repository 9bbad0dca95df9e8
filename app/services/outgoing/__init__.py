"""The one door for requests that this server makes itself (docs/decisions/045)."""
