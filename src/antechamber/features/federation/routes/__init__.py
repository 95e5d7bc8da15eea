"""The endpoints of federation."""
