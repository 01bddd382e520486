"""Stage 3: who is who, and what is known of each person."""
