"""The studio: pages for people, made on the server, in French and English, on the same project as the API."""
