"""Journal, tables, connections and files: the only place that owns them."""
