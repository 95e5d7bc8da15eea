"""Keys in the database: workspaces' keys and their secrets, admin keys, and whom a secret stands for."""

from antechamber.features.apikeys.sql.admin_keys import SqlAdminKeys
from antechamber.features.apikeys.sql.api_keys import SqlApiKeys
from antechamber.features.apikeys.sql.expiry_notices import SqlExpiryNotices
from antechamber.features.apikeys.sql.principals import SqlPrincipals

__all__ = ["SqlAdminKeys", "SqlApiKeys", "SqlExpiryNotices", "SqlPrincipals"]
