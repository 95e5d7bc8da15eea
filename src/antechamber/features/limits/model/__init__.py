"""The rules of limits: what they are, the groups of models they count by, and how they are reckoned."""
