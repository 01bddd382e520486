"""Orders the steps: what is stale is run, in order."""
