"""Clusters of people: found by several methods, chosen by what holds, kept as parameters."""
