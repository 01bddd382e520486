"""Stage 7: what segments are worth."""
