"""The caller, the facts, and the decision of the gate."""
