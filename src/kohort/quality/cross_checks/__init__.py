"""Checks of one value against another: within a row, between sources, and of a source against what is expected."""
