"""API keys and admin keys: how programs show who they are.

Owns the `api_keys` and `admin_keys` tables; a secret is kept only as a keyed hash and a hint.

| method | path | permission |
|---|---|---|

Neighbours: `http.authenticate` holds the live keys in memory and asks here for those it does not know.
"""
