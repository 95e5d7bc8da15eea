"""What the audit log keeps, and the chain that shows a missing or edited row."""

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


class ActivityType(StrEnum):
    """What was done, in alphabetical order."""

    ADMIN_KEY_CREATED = "admin_api_key_created"
    ADMIN_KEY_REVOKED = "admin_api_key_revoked"
    API_KEY_CREATED = "api_key_created"
    API_KEY_ROTATED = "api_key_rotated"
    API_KEY_UPDATED = "api_key_updated"
    INVITE_ACCEPTED = "invite_accepted"
    INVITE_CREATED = "invite_created"
    INVITE_DELETED = "invite_deleted"
    MEMBER_ADDED = "member_added"
    MEMBER_REMOVED = "member_removed"
    MEMBER_ROLE_UPDATED = "member_role_updated"
    ORGANIZATION_CREATED = "organization_created"
    PRICES_REAPPLIED = "prices_reapplied"
    QUOTA_DELETED = "quota_deleted"
    QUOTA_UPDATED = "quota_updated"
    RATE_LIMIT_UPDATED = "rate_limit_updated"
    SPEND_LIMIT_DELETED = "spend_limit_deleted"
    SPEND_LIMIT_UPDATED = "spend_limit_updated"
    TOKEN_MINTED = "access_token_minted"  # noqa: S105 - a name, not a secret
    WORKSPACE_ARCHIVED = "workspace_archived"
    WORKSPACE_CREATED = "workspace_created"
    WORKSPACE_MEMBER_ADDED = "workspace_member_added"
    WORKSPACE_MEMBER_REMOVED = "workspace_member_removed"
    WORKSPACE_MEMBER_UPDATED = "workspace_member_updated"
    WORKSPACE_UPDATED = "workspace_updated"


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
