"""From fitted estimators of other libraries to plain models."""
