"""One act as the audit log keeps it, and the mark that chains it to the act before."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.ids import ActivityId, OrganizationId

# what the first activity of an organisation follows
GENESIS: Final = bytes(32)
# top-level names of an activity on the wire, which its details must leave alone
RESERVED: Final = frozenset({"actor", "created_at", "id", "organization_id", "organization_uuid", "type"})


class ActivityType(StrEnum):
    """What was done, in alphabetical order of the members.

    The values are the hosted feed's own (API reference, compliance/activities/list) wherever it has one. Ours are
    `access_token_*`, `agent_*`, `budget_threshold_crossed`, `environment_key_*`, `oauth_*`, `organization_created`,
    `org_user_added`, `passkey_*`, `password_*`, `platform_api_key_rotated`, `prices_reapplied`, `quota_*`,
    `rate_limit_*`, `secrets_resealed`, `spend_limit_increase_*`, `telemetry_destination_*`, `webhook_endpoint_*` and
    those of sessions of agents (`session_archived`, `session_created`, `session_deleted`, `session_updated`).
    """

    ADMIN_KEY_CREATED = "admin_api_key_created"
    ADMIN_KEY_REVOKED = "admin_api_key_deleted"
    ADMIN_KEY_UPDATED = "admin_api_key_updated"
    AGENT_ARCHIVED = "agent_archived"
    AGENT_CREATED = "agent_created"
    AGENT_UPDATED = "agent_updated"
    API_KEY_CREATED = "platform_api_key_created"
    API_KEY_ROTATED = "platform_api_key_rotated"
    API_KEY_UPDATED = "platform_api_key_updated"
    BUDGET_THRESHOLD_CROSSED = "budget_threshold_crossed"
    CLIENT_REGISTERED = "oauth_client_registered"
    CLIENT_REMOVED = "oauth_client_removed"
    CLIENT_SECRET_ROTATED = "oauth_client_secret_rotated"  # noqa: S105 - a name, not a secret
    COMPLIANCE_SETTINGS_UPDATED = "org_compliance_api_settings_updated"
    DEVICE_APPROVED = "oauth_device_approved"
    DEVICE_DENIED = "oauth_device_denied"
    ENVIRONMENT_ARCHIVED = "environment_archived"
    ENVIRONMENT_BUILD_STARTED = "environment_build_started"
    ENVIRONMENT_CREATED = "environment_created"
    ENVIRONMENT_DELETED = "environment_deleted"
    ENVIRONMENT_KEY_CREATED = "environment_key_created"
    ENVIRONMENT_KEY_REVOKED = "environment_key_revoked"
    ENVIRONMENT_LAYERS_PRUNED = "environment_layers_pruned"
    ENVIRONMENT_SHELL_OPENED = "environment_shell_opened"
    ENVIRONMENT_UPDATED = "environment_updated"
    EXTERNAL_KEY_CREATED = "org_external_key_created"
    EXTERNAL_KEY_DELETED = "org_external_key_deleted"
    EXTERNAL_KEY_UPDATED = "org_external_key_updated"
    EXTERNAL_KEY_VALIDATED = "org_external_key_validated"
    FEDERATION_ISSUER_ARCHIVED = "platform_federation_issuer_archived"
    FEDERATION_ISSUER_CREATED = "platform_federation_issuer_created"
    FEDERATION_ISSUER_UPDATED = "platform_federation_issuer_updated"
    FEDERATION_RULE_ARCHIVED = "platform_federation_rule_archived"
    FEDERATION_RULE_CREATED = "platform_federation_rule_created"
    FEDERATION_RULE_UPDATED = "platform_federation_rule_updated"
    FEDERATION_RULE_WORKSPACE_ADDED = "platform_federation_rule_workspace_added"
    FEDERATION_RULE_WORKSPACE_REMOVED = "platform_federation_rule_workspace_removed"
    GRANT_CREATED = "oauth_grant_created"
    GRANT_REUSED = "oauth_refresh_token_reused"
    GRANT_REVOKED = "oauth_grant_revoked"
    GROUP_CREATED = "group_created"
    GROUP_DELETED = "group_deleted"
    GROUP_MEMBER_ADDED = "group_member_added"
    GROUP_MEMBER_REMOVED = "group_member_removed"
    GROUP_UPDATED = "group_updated"
    INVITE_ACCEPTED = "org_user_invite_accepted"
    INVITE_CREATED = "org_user_invite_sent"
    INVITE_DELETED = "org_user_invite_deleted"
    LOGGED_OUT = "user_logged_out"
    LOGIN_FAILED = "magic_link_login_failed"
    LOGIN_INITIATED = "magic_link_login_initiated"
    LOGIN_SUCCEEDED = "magic_link_login_succeeded"
    MEMBER_ADDED = "org_user_added"
    MEMBER_REMOVED = "org_user_deleted"
    MEMBER_ROLE_UPDATED = "claude_user_role_updated"
    MEMBER_SIGNED_OUT = "org_user_signed_out"
    ORGANIZATION_CREATED = "organization_created"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_LOGIN_SUCCEEDED = "passkey_login_succeeded"
    PASSKEY_REMOVED = "passkey_removed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name, not a secret
    PASSWORD_LINK_CREATED = "password_link_created"  # noqa: S105 - the same
    PASSWORD_LOGIN_SUCCEEDED = "password_login_succeeded"  # noqa: S105 - the same
    PRICES_REAPPLIED = "prices_reapplied"
    PRICES_REAPPLY_STARTED = "prices_reapply_started"
    QUOTA_DELETED = "quota_deleted"
    QUOTA_UPDATED = "quota_updated"
    RATE_LIMIT_DELETED = "rate_limit_deleted"
    RATE_LIMIT_UPDATED = "rate_limit_updated"
    SECRETS_RESEALED = "secrets_resealed"
    SERVICE_ACCOUNT_ARCHIVED = "platform_service_account_archived"
    SERVICE_ACCOUNT_CREATED = "platform_service_account_created"
    SERVICE_ACCOUNT_UPDATED = "platform_service_account_updated"
    SERVICE_ACCOUNT_WORKSPACE_MEMBER_ADDED = "platform_service_account_workspace_member_added"
    SERVICE_ACCOUNT_WORKSPACE_MEMBER_REMOVED = "platform_service_account_workspace_member_removed"
    SERVICE_ACCOUNT_WORKSPACE_MEMBER_UPDATED = "platform_service_account_workspace_member_updated"
    SESSION_ARCHIVED = "session_archived"
    SESSION_CREATED = "session_created"
    SESSION_DELETED = "session_deleted"
    SESSION_REVOKED = "session_revoked"
    SESSION_UPDATED = "session_updated"
    SPEND_LIMIT_CREATED = "platform_spend_limit_created"
    SPEND_LIMIT_DELETED = "platform_spend_limit_deleted"
    SPEND_LIMIT_INCREASE_APPROVED = "spend_limit_increase_approved"
    SPEND_LIMIT_INCREASE_DENIED = "spend_limit_increase_denied"
    SPEND_LIMIT_INCREASE_REQUESTED = "spend_limit_increase_requested"
    SPEND_LIMIT_UPDATED = "platform_spend_limit_updated"
    SSO_LOGIN_FAILED = "sso_login_failed"
    SSO_LOGIN_INITIATED = "sso_login_initiated"
    SSO_LOGIN_SUCCEEDED = "sso_login_succeeded"
    TELEMETRY_DESTINATION_CREATED = "telemetry_destination_created"
    TELEMETRY_DESTINATION_DELETED = "telemetry_destination_deleted"
    TELEMETRY_DESTINATION_DISABLED = "telemetry_destination_disabled"
    TELEMETRY_DESTINATION_UPDATED = "telemetry_destination_updated"
    TELEMETRY_DESTINATION_WORKSPACE_ADDED = "telemetry_destination_workspace_added"
    TELEMETRY_DESTINATION_WORKSPACE_REMOVED = "telemetry_destination_workspace_removed"
    TOKEN_EXCHANGED = "access_token_exchanged"  # noqa: S105 - a name, not a secret
    TOKEN_MINTED = "access_token_minted"  # noqa: S105 - a name, not a secret
    TOKEN_REVOKED = "access_token_revoked"  # noqa: S105 - the same
    WEBHOOK_CREATED = "webhook_endpoint_created"
    WEBHOOK_DELETED = "webhook_endpoint_deleted"
    WEBHOOK_DISABLED = "webhook_endpoint_disabled"
    WEBHOOK_SECRET_REGENERATED = "webhook_endpoint_secret_regenerated"  # noqa: S105 - a name, not a secret
    WEBHOOK_UPDATED = "webhook_endpoint_updated"
    WORKSPACE_ARCHIVED = "platform_workspace_archived"
    WORKSPACE_CREATED = "platform_workspace_created"
    WORKSPACE_MEMBER_ADDED = "platform_workspace_member_added"
    WORKSPACE_MEMBER_REMOVED = "platform_workspace_member_removed"
    WORKSPACE_MEMBER_UPDATED = "platform_workspace_member_updated"
    WORKSPACE_RATE_LIMIT_DELETED = "platform_workspace_rate_limit_deleted"
    WORKSPACE_RATE_LIMIT_UPDATED = "platform_workspace_rate_limit_updated"
    WORKSPACE_UPDATED = "platform_workspace_updated"


@dataclass(frozen=True, slots=True)
class Activity:
    """One act; `created_at` in microseconds, `details` JSON values only and never a secret.

    `sequence` counts from 1 in its organisation without a gap; `mark` is the keyed hash over the activity before and
    all fields of this one.
    """

    id: ActivityId
    organization_id: OrganizationId
    sequence: int
    created_at: int
    type: str
    actor: Actor
    details: Mapping[str, object]
    mark: bytes


@dataclass(frozen=True, slots=True)
class ActivityQuery:
    """Which activities are asked for; None lets every one through. `since` counts in, `until` does not."""

    types: tuple[str, ...] | None = None
    without_types: tuple[str, ...] = ()
    actor_ids: tuple[str, ...] | None = None
    since: int | None = None
    until: int | None = None


def mark_of(key: bytes, previous: bytes, activity: Activity) -> bytes:
    """Return the mark that an activity must have after one whose mark is `previous`: HMAC-SHA256, 32 bytes."""
    actor = activity.actor
    fields = (
        activity.id,
        activity.organization_id,
        activity.sequence,
        activity.created_at,
        activity.type,
        actor.kind,
        actor.id,
        actor.ip_address,
        actor.user_agent,
        actor.request_id,
        activity.details,
    )
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.digest(key, previous + text.encode(), sha256)
