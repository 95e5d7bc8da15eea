"""API keys and admin keys: how programs show who they are.

Owns the `api_keys`, `api_key_secrets` and `admin_keys` tables; a secret is kept only as a keyed hash and a hint.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/api_keys | api_keys:read |
| GET | /v1/organizations/api_keys/{api_key_id} | api_keys:read |
| POST | /v1/organizations/api_keys/{api_key_id} | api_keys:write |

Neighbours: a key belongs to a workspace, and a personal one opens as its owner's role there allows. `http.authenticate`
holds the live secrets in memory and asks for those it does not know; `wiring.credentials` joins keys and people for it.
"""
