"""The endpoints of usage."""
