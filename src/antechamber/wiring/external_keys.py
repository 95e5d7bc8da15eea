"""External keys joined: the operator's key service, and the workspaces that name a key."""

from urllib.parse import urlsplit

from antechamber.adapters.kms import BridgedKeys
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.database.engine import Database
from antechamber.features.audit.service import Audit
from antechamber.features.externalkeys.service import ExternalKeys
from antechamber.features.externalkeys.sql import SqlExternalKeys
from antechamber.features.workspaces.service import Workspaces
from antechamber.settings import Settings, SettingsError


def build_external_keys(
    settings: Settings, workspaces: Workspaces, database: Database, clock: Clock, chance: Chance, audit: Audit
) -> ExternalKeys:
    """Join the service, and let workspaces name its keys; SettingsError for an address that is none."""
    service = BridgedKeys(_url(settings), settings.kms_token, chance)
    keys = ExternalKeys(SqlExternalKeys(), service, workspaces, database, clock, chance, audit)
    workspaces.bind_keys(keys)
    return keys


def _url(settings: Settings) -> str | None:
    if settings.kms_url is None:
        return None
    parts = urlsplit(settings.kms_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        message = "kms_url: must be an http or https address without user, query and fragment"
        raise SettingsError(message)
    return settings.kms_url.rstrip("/")
