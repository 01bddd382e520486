"""The pages by which people come in, go out, and look after accounts."""
