"""What a person's scores go with: what a model read of them, kept as it was scored, and what each feature brings."""
