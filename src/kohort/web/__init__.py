"""The door for programs: the collector, the engine behind it, and the server that keeps both alive."""
