"""Pure mathematics: sufficient statistics, intervals, distances."""
