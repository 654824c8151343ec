"""Twenty minutes of everything that can go wrong at once, and a count of what came through: ``make chaos``."""
