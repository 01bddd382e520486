"""Short texts in French and English: their sentiment, themes and interests, learned from a corpus of our own."""
