"""What customers are worth: recency, frequency and monetary value."""
