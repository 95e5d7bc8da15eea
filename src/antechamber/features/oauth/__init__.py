"""OAuth: clients, log-in for programs (RFC 6749, RFC 8628), the token endpoint, and access tokens.

Owns the tables of clients, codes, grants, refresh tokens, waiting devices and access tokens; every secret is kept only
as a keyed hash.

| method | path | permission |
|---|---|---|
| GET | /.well-known/oauth-authorization-server | public |
| GET | /.well-known/oauth-authorization-server/{path:path} | public |
| GET | /.well-known/oauth-protected-resource | public |
| GET | /.well-known/oauth-protected-resource/{path:path} | public |
| GET | /device | public |
| GET | /oauth/authorize | public |
| GET | /oauth/code/callback | public |
| POST | /device | public |
| POST | /oauth/authorize | public |
| POST | /oauth/device_authorization | public |
| POST | /oauth/token | public |
| POST | /v1/oauth/device_authorization | public |
| POST | /v1/oauth/introspect | public |
| POST | /v1/oauth/revoke | public |
| POST | /v1/oauth/token | public |

Neighbours: organizations and workspaces say what a person may be given; federation implements the jwt-bearer grant
(`ports.AssertionExchange`); `http.authenticate` holds the newest live tokens in memory beside the keys of apikeys.
"""
