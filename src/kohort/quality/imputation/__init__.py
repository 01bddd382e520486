"""Filling what is missing: one value, the nearest neighbours', or several draws that say how uncertain they are."""
