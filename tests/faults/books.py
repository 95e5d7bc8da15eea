"""An organisation's tables held against its audit log and its rules."""

import json
from collections import Counter
from typing import Any

from tests.faults.processes import Server
from tests.faults.towns import Town


async def acts_of(town: Town) -> list[dict[str, Any]]:
    """Return every activity, the earliest first, with its details beside its type."""
    rows = await town.rows("SELECT type, details FROM activities ORDER BY sequence")
    return [{**json.loads(row["details"]), "type": row["type"]} for row in rows]


async def check_books(town: Town, node: Server | None = None) -> None:
    """Check that the log has one activity for each thing that is there, and none for one that is not."""
    await town.verify(node)
    acts = await acts_of(town)

    def told(kind: str, *fields: str) -> Counter[tuple[str, ...]]:
        return Counter(tuple(act[field] for field in fields) for act in acts if act["type"] == kind)

    async def kept(statement: str) -> Counter[tuple[str, ...]]:
        return Counter(tuple(row.values()) for row in await town.rows(statement))

    assert told("platform_workspace_created", "workspace_id") == await kept(
        "SELECT id FROM workspaces WHERE kind <> 'default'"
    )
    archived = await kept("SELECT id FROM workspaces WHERE archived_at IS NOT NULL")
    assert told("platform_workspace_archived", "workspace_id") == archived
    assert told("platform_api_key_created", "api_key_id") == await kept("SELECT id FROM api_keys")
    assert told("org_user_invite_sent", "invite_id") == await kept("SELECT id FROM invites")
    entered = told("platform_workspace_member_added", "workspace_id", "user_id")
    entered.subtract(told("platform_workspace_member_removed", "workspace_id", "user_id"))
    odd = {key: count for key, count in entered.items() if count not in {0, 1}}
    assert not odd, [act for act in acts if any(act.get("user_id") == user for _, user in odd)]
    assert +entered == await kept("SELECT workspace_id, user_id FROM workspace_members")
    came = told("org_user_added", "user_id")
    came.subtract(told("org_user_deleted", "deleted_user_id"))
    assert +came == await kept("SELECT user_id FROM members WHERE removed_at IS NULL")


async def check_rules(town: Town) -> None:
    """Check that no rule on members, workspaces, keys and invites is broken."""
    broken = {
        "nobody is left": (
            "SELECT organization_id FROM members GROUP BY organization_id"
            " HAVING COUNT(CASE WHEN removed_at IS NULL THEN 1 END) = 0"
        ),
        "an active key in an archived workspace": (
            "SELECT k.id FROM api_keys k JOIN workspaces w ON w.id = k.workspace_id"
            " WHERE w.archived_at IS NOT NULL AND k.status <> 'archived'"
        ),
        "a stranger with a role in a workspace": (
            "SELECT r.user_id FROM workspace_members r WHERE NOT EXISTS (SELECT 1 FROM members m"
            " WHERE m.user_id = r.user_id AND m.organization_id = r.organization_id AND m.removed_at IS NULL)"
        ),
        "a stranger with a token": (
            "SELECT t.user_id FROM access_tokens t WHERE t.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM members m"
            " WHERE m.user_id = t.user_id AND m.organization_id = t.organization_id AND m.removed_at IS NULL)"
        ),
        "two invites for one address": (
            "SELECT email_key FROM invites WHERE accepted_at IS NULL AND deleted_at IS NULL"
            " GROUP BY email_key HAVING COUNT(*) > 1"
        ),
        "too many workspaces": (
            "SELECT COUNT(*) AS live FROM workspaces WHERE archived_at IS NULL AND kind = 'ordinary'"
            " HAVING COUNT(*) > 100"
        ),
        "two live workspaces of one name": (
            "SELECT name_key FROM workspaces WHERE archived_at IS NULL GROUP BY name_key HAVING COUNT(*) > 1"
        ),
    }
    for what, statement in broken.items():
        assert await town.rows(statement) == [], what
    await check_books(town)
