"""Agents: what runs in a session, resolved when it is saved and kept in every version.

Owns the tables `agents` and `agent_versions`. A session takes a copy of the version that it starts from, so that what
is changed here reaches new sessions only.

| method | path | permission |
|---|---|---|
| GET | /v1/agents | agents:read |
| POST | /v1/agents | agents:write |
| GET | /v1/agents/{agent_id} | agents:read |
| POST | /v1/agents/{agent_id} | agents:write |
| POST | /v1/agents/{agent_id}/archive | agents:write |
| GET | /v1/agents/{agent_id}/versions | agents:read |

Neighbours: sessions resolve an agent here when they start; environments open the hosts of its MCP servers.
"""
