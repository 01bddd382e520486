"""The report: everything a project knows about its segments, on one page that needs nothing else."""
