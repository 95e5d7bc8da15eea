"""Where somebody may have a token: the organisations they are in, and what they are in each workspace."""


class Places:
    """Asks people, organisations and workspaces."""
