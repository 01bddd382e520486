"""What comes in by files, requests and uploads: admitted, refused with its reason, and written to the journal."""
