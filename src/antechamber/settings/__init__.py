"""The server's settings: every variable, its default and its help; read once, from environment and TOML file."""

from antechamber.settings.fields import Settings
from antechamber.settings.loading import PREFIX, Loaded, SettingsError, describe, load, resolve_reference

__all__ = ["PREFIX", "Loaded", "Settings", "SettingsError", "describe", "load", "resolve_reference"]
