"""What pages of the studio are as data."""
