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
| POST | /v1/environments/{environment_id}/build | environments:write |
| GET | /v1/environments/{environment_id}/builds | environments:read |
| GET | /v1/environments/{environment_id}/builds/{build_id} | environments:read |
| GET | /v1/environments/{environment_id}/builds/{build_id}/log | environments:read |
| GET | /v1/environments/{environment_id}/history | environments:read |
| GET | /v1/environments/{environment_id}/shell | sessions:write |
| GET | /v1/environments/{environment_id}/keys | environments:read |
| POST | /v1/environments/{environment_id}/keys | environments:write |
| DELETE | /v1/environments/{environment_id}/keys/{key_id} | environments:write |
| GET | /v1/environments/{environment_id}/work | work:take |
| GET | /v1/environments/{environment_id}/work/poll | work:take |
| GET | /v1/environments/{environment_id}/work/stats | work:read |
| GET | /v1/environments/{environment_id}/work/{work_id} | work:read |
| POST | /v1/environments/{environment_id}/work/{work_id} | work:write |
| POST | /v1/environments/{environment_id}/work/{work_id}/ack | work:take |
| POST | /v1/environments/{environment_id}/work/{work_id}/heartbeat | work:heartbeat |
| POST | /v1/environments/{environment_id}/work/{work_id}/stop | work:stop |
| GET | /v1/environment_bases | environments:read |
| GET | /v1/environment_layers | environments:read |
| POST | /v1/environment_layers/prune | environments:write |

Neighbours: sessions says how many of them refer to an environment, and starts containers from it.
"""
