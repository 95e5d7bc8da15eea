"""Environments: the configuration that containers are made from, its builds, and the rooms themselves.

An environment belongs to a workspace. What it was configured as is kept as its history, revision by revision; a
session keeps a copy of the configuration that it started with.

| method | path | permission |
|---|---|---|
| GET | /v1/environments | environments:read |
| POST | /v1/environments | environments:write |
| GET | /v1/environments/{environment_id} | environments:read |
| POST | /v1/environments/{environment_id} | environments:write |
| DELETE | /v1/environments/{environment_id} | environments:write |
| POST | /v1/environments/{environment_id}/archive | environments:write |
| GET | /v1/environments/{environment_id}/history | environments:read |

Neighbours: sessions says how many of them refer to an environment, and starts containers from it.
"""
