"""How good the data of each source are: measured at each load, judged by gates, and told."""
