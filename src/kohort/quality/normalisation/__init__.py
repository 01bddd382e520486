"""Bringing values into one form: each is valid, repaired by a named rule, or flagged with a reason."""
