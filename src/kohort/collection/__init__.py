"""Stage 1: files and messages in; validation; dead letters."""
