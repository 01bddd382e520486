"""The SQL engine: one plan as narrow aggregates per event name, built as SQLGlot trees."""
