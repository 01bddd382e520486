"""When rules turn true and false for each person: exact step functions of time, from the same plan."""
