"""Which variables matter for a goal: alone, together, and to whom they could be asked."""
