"""What models learn from: tables of numbers about people, on one scale."""
