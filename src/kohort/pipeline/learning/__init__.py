"""Features, clusters, value, predictions and personas of a project: computed, kept, and told."""
