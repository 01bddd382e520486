"""Traits made better from what is known: places, missing values, outliers, values written in one form."""
