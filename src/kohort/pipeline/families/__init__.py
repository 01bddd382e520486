"""Scores that compute the traits of a family from events, block of people by block."""
