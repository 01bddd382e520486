"""Memberships kept up live: what came into the tables told to the live engine, what it finds written to the log."""
