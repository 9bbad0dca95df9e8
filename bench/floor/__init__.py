"""The floor: the least that Flask, Authlib and plain SQL can do; no policy, no audit, no limits."""
