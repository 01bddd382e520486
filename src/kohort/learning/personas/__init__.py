"""What clusters are like, in words."""
