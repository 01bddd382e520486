"""What the benchmarks of segments share: a population, its segments, and a peer."""
