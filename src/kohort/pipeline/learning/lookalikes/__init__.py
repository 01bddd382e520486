"""Look-alikes of a segment as a score: who learns, what may be learnt from, what is kept and written."""
