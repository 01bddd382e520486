"""What in a score goes with which feature: of one person, of a segment, of everybody."""
