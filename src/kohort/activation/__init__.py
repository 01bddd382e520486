"""Stage 6: what happens because people entered or left segments."""
