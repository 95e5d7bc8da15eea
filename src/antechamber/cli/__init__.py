"""The `ante` command: one file per command group."""
