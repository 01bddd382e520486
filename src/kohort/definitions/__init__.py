"""What people declare in files: frozen, without I/O."""
