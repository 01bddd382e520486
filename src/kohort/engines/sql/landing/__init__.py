"""Running where the data are: tables of any shape as the engine's relations, and members landing beside them."""
