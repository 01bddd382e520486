"""The pages of models: which are in force, how good each is, and whether people have drifted from it."""
