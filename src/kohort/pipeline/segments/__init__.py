"""Who belongs to which segment, at every moment: epochs, the log of memberships, plans and their effect."""
