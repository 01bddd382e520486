"""The API: what programs read of a project over HTTP, with OpenAPI 3.1."""
