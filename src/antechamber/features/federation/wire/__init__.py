"""The wire of federation."""
