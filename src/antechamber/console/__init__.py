"""The web console: static pages that call the public API, and no way round it; its pages come with the identity work."""
