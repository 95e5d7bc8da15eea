"""OAuth: access tokens. Today those that the operator mints; log-in and exchange join here.

Owns the `access_tokens` table; a token is kept only as a keyed hash.

| method | path | permission |
|---|---|---|

Neighbours: `http.authenticate` holds the live tokens in memory beside the keys of apikeys.
"""
