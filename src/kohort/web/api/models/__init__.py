"""What the API answers, as OpenAPI describes it; each model is filled from the result of the project by its names."""
