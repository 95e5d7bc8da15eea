"""The wire of sessions."""
