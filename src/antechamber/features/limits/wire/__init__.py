"""Limits on the wire."""
