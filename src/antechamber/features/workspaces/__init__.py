"""Workspaces: the rooms of an organisation, to which keys and usage belong, and what people are in them.

Owns the `workspaces` table and that of the roles given by hand, `workspace_members`. What somebody is in a workspace
comes from both their role in the organisation and a role given here: `model.effective_role` is the one rule for it.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/workspaces | workspaces:read |
| POST | /v1/organizations/workspaces | workspaces:write |
| GET | /v1/organizations/workspaces/{workspace_id} | workspaces:read |
| POST | /v1/organizations/workspaces/{workspace_id} | workspaces:write |
| POST | /v1/organizations/workspaces/{workspace_id}/archive | workspaces:write |
| GET | /v1/organizations/workspaces/{workspace_id}/members | workspace_members:read |
| POST | /v1/organizations/workspaces/{workspace_id}/members | workspace_members:write |
| GET | /v1/organizations/workspaces/{workspace_id}/members/{user_id} | workspace_members:read |
| POST | /v1/organizations/workspaces/{workspace_id}/members/{user_id} | workspace_members:write |
| DELETE | /v1/organizations/workspaces/{workspace_id}/members/{user_id} | workspace_members:write |

Neighbours: organizations says who is a member and tells when that changes; externalkeys says whether a key works that a
workspace is to be tied to; apikeys binds keys to a workspace made here and archives them with it; usage, limits and
reports name workspaces.
"""
