"""What made a rule true or false of one person, and what would change it."""
