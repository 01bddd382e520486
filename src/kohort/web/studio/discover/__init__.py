"""The page of what clustering has found, and of the grid of recency and frequency."""
