"""The only place that executes rules."""
