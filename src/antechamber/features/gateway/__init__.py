"""The gateway: the straight path from a caller's request to a model's answer, in the same dialect in and out.

Owns the catalogue of providers, the relaying of answers, and the policy that Claude Code asks a gateway for. The
endpoints of models are bare ASGI callables (`routes/data_plane.py`).

| method | path | permission |
|---|---|---|
| GET | /managed/settings | models:read |
| GET | /v1/models | models:read |
| GET | /v1/models/{id} | models:read |
| HEAD | / | public |
| HEAD | /api/hello | public |
| POST | /v1/chat/completions | inference |
| POST | /v1/complete | inference |
| POST | /v1/messages | inference |
| POST | /v1/messages/count_tokens | inference |

Neighbours: usage keeps the ledger row of every dispatched request.
"""
