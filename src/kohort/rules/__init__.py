"""The rule language: nodes, parse, print, type check. No I/O."""
