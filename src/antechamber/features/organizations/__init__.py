"""Organisations: the tenant that everything else belongs to, who is a member of it, and who is invited.

Owns the `organizations`, `people`, `members` and `invites` tables. People are the server's, roles lie on the
membership. An invite's secret is kept only as a keyed hash, and its mail goes out in the background.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/invites | members:read |
| POST | /v1/organizations/invites | members:write |
| DELETE | /v1/organizations/invites/{invite_id} | members:write |
| GET | /v1/organizations/invites/{invite_id} | members:read |
| GET | /v1/organizations/me | organization:read |
| GET | /v1/organizations/users | members:read |
| DELETE | /v1/organizations/users/{user_id} | members:write |
| GET | /v1/organizations/users/{user_id} | members:read |
| POST | /v1/organizations/users/{user_id} | members:write |
| POST | /v1/organizations/users/{user_id}/sign_out | members:write |

Neighbours: accounts, workspaces and apikeys hang their rows on an organisation made here; what a change of membership
means to them goes through `ports.MembershipEffects`.
"""
