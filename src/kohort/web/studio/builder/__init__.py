"""The builder: a rule as cards that people fill in, in step with its sentence and its size."""
