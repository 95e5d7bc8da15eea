"""Keys on the wire."""
