"""The page of the catalogue of personas."""
