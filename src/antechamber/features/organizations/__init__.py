"""Organisations: the tenant that everything else belongs to.

Owns the `organizations` table and the organisation's name.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/me | organization:read |

Neighbours: accounts, workspaces and apikeys hang their rows on an organisation made here.
"""
