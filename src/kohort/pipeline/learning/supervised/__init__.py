"""Segments that are learnt from examples, as a score: who said yes or no, what is kept, the rule that comes nearest."""
