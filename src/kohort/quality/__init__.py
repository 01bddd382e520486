"""Stage 2: checks and their findings."""
