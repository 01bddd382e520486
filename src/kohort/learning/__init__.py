"""Stage 4: RFM, clusters, their validation, personas."""
