"""The page of one segment, and the parts of it that are loaded after it."""
