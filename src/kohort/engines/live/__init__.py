"""Every rule right at every moment: memberships kept up to date by what happens and by time passing."""
