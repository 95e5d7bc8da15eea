"""Claude Code's managed settings, from the file that a setting names."""

from antechamber.features.gateway.service.policy import Policy, PolicyError, read_settings
from antechamber.settings import Loaded, SettingsError


def read_policy(loaded: Loaded) -> Policy | None:
    """Return the policy of the file, None if no file is set; SettingsError if it cannot be used."""
    path = loaded.settings.managed_settings
    if path is None:
        return None
    try:
        return read_settings(path.expanduser().read_bytes())
    except (OSError, PolicyError) as error:
        why = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        message = f"managed_settings: {path} {why}"
        raise SettingsError(message) from None
