"""Models kept as plain numbers: scored, written as SQL, explained, and stored without any code in them."""
