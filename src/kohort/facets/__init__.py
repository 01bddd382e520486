"""The parts of the facade `Project`, each a class that it inherits from: what the doors call, by subject."""
