"""OAuth in the database."""

from antechamber.features.oauth.sql.clients import SqlClients
from antechamber.features.oauth.sql.devices import SqlDevices
from antechamber.features.oauth.sql.grants import SqlGrants
from antechamber.features.oauth.sql.tokens import SqlTokens

__all__ = ["SqlClients", "SqlDevices", "SqlGrants", "SqlTokens"]
