"""Sessions: an agent at work in an environment, each in a container of its own.

Owns the tables `sessions`, `session_containers` and `session_events`. A session keeps copies of the agent and of the
configuration that it started with. Its container is made and removed beside the requests, from what the table of
containers says there should be, so that it comes back on its own files after a crash; a session of a self-hosted
environment has none, but an item in that environment's work queue.

| method | path | permission |
|---|---|---|
| GET | /v1/sessions | sessions:read |
| POST | /v1/sessions | sessions:write |
| GET | /v1/sessions/{session_id} | sessions:read |
| POST | /v1/sessions/{session_id} | sessions:write |
| DELETE | /v1/sessions/{session_id} | sessions:write |
| POST | /v1/sessions/{session_id}/archive | sessions:write |
| GET | /v1/sessions/{session_id}/egress | sessions:read |
| GET | /v1/sessions/{session_id}/events | sessions:read |
| POST | /v1/sessions/{session_id}/events | events:write |
| GET | /v1/sessions/{session_id}/events/stream | sessions:read |

Neighbours: agents and environments are what a session starts from; environments asks how many refer to one, and takes
their work.
"""
