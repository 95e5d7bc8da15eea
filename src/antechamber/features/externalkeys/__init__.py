"""External keys: the keys that customers keep in their own key management services, which workspaces are tied to.

Owns the `external_keys` table. Whether a key works is asked of the operator's key service (decision 0031); nothing that
the server stores is encrypted by one.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/external_keys | external_keys:read |
| POST | /v1/organizations/external_keys | external_keys:write |
| DELETE | /v1/organizations/external_keys/{external_key_id} | external_keys:write |
| GET | /v1/organizations/external_keys/{external_key_id} | external_keys:read |
| POST | /v1/organizations/external_keys/{external_key_id} | external_keys:write |
| POST | /v1/organizations/external_keys/{external_key_id}/validate | external_keys:write |

Neighbours: workspaces name a key, ask here whether it works, and keep it from being deleted; a key that stopped working
or works again is told to `ports.KeyEvents`.
"""
