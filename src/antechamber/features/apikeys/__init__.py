"""API keys and admin keys: how programs show who they are.

The pages below `/account` are public, as no key or token opens them; each asks for its browser's session itself.

Owns the `api_keys`, `api_key_secrets`, `api_key_expiry_notices` and `admin_keys` tables; a secret is kept only as a
keyed hash and a hint. Who is to replace a key is told by mail before it expires.

| method | path | permission |
|---|---|---|
| GET | /account/keys | public |
| POST | /account/keys | public |
| POST | /account/keys/admin | public |
| POST | /account/keys/admin/{admin_api_key_id}/delete | public |
| POST | /account/keys/{api_key_id}/{act} | public |
| GET | /v1/organizations/admin_api_keys | admin_keys:read |
| POST | /v1/organizations/admin_api_keys | admin_keys:write |
| DELETE | /v1/organizations/admin_api_keys/{admin_api_key_id} | admin_keys:write |
| GET | /v1/organizations/admin_api_keys/{admin_api_key_id} | admin_keys:read |
| POST | /v1/organizations/admin_api_keys/{admin_api_key_id} | admin_keys:write |
| GET | /v1/organizations/api_keys | api_keys:read |
| POST | /v1/organizations/api_keys | api_keys:write |
| GET | /v1/organizations/api_keys/unused | api_keys:read |
| GET | /v1/organizations/api_keys/{api_key_id} | api_keys:read |
| POST | /v1/organizations/api_keys/{api_key_id} | api_keys:write |
| POST | /v1/organizations/api_keys/{api_key_id}/expire | api_keys:write |
| POST | /v1/organizations/api_keys/{api_key_id}/rotate | api_keys:write |
| GET | /v1/organizations/api_keys/{api_key_id}/secrets | api_keys:read |
| GET | /v1/organizations/unused_workspaces | workspaces:read |

Neighbours: a key belongs to a workspace, and a personal one opens as its owner's role there allows. `http.authenticate`
holds the live secrets in memory and asks for those it does not know; `wiring.credentials` joins keys and people for it.
"""
