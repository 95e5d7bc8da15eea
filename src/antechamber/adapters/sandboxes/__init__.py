"""Runtimes of sandboxes, what they stand on, and how they are reached."""
