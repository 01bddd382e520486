"""Look-alikes of a seed: who resembles its members, and how well that is known when nobody is known to be unlike."""
