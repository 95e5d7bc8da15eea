"""Workspaces: the rooms of an organisation, to which keys and usage belong.

Owns the `workspaces` table. Today it makes the Default workspace; the rest of its Admin API joins here.

| method | path | permission |
|---|---|---|

Neighbours: apikeys binds keys to a workspace made here; usage reports by workspace.
"""
