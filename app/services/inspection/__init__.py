"""Questions about past and possible decisions:
explain, what-if, searches of the audit log and of sessions.
"""
