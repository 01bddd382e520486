"""Duplicates: which rows of a table, or of two, are about one person (probabilistic record linkage)."""
