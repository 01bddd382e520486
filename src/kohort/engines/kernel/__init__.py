"""The kernel engine: every rule of a project in one pass over plain arrays."""
