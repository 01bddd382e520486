"""Histories as plain arrays in files, one generation after the other, which grow with what comes."""
