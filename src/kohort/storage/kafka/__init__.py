"""Topics of Kafka: the journal in one, and changes of membership told in another. Needs the extra `[kafka]`."""
