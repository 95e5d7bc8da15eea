"""The wire of environments."""
