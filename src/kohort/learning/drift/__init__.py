"""Whether people, and what a model says of them, are still as they were when it learnt."""
