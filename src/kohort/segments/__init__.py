"""Stage 5: membership, explanation, overlap, templates."""
