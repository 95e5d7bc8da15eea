"""The web console: static pages that call the public API; its first pages come with the identity work."""
