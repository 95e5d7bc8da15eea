"""Sandboxes of an engine that speaks the Docker API, on this machine or behind TLS (decision 27)."""
