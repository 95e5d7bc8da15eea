"""Callers: what whoever calls may learn of themselves, so that a command can say whose credential it uses.

Owns no tables.

| method | path | permission |
|---|---|---|
| GET | /v1/me | self:read |

Neighbours: organizations, workspaces, apikeys and federation name what the principal points to.
"""
