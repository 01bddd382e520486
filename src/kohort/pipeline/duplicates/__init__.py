"""People who may be one and the same: found, proposed, and merged when somebody says so."""
