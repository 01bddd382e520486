"""The journal becomes tables: messages read as columns, each counted once, and who is who."""
