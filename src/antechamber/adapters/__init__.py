"""The outside world: each folder implements ports that features declare, and only wiring sees it."""
