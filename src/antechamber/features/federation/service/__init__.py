"""The use-cases of federation."""
