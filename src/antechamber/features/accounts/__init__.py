"""Accounts: people. Today the one-time set-up link for the first admin; passwords and passkeys join here.

Owns the `setup_links` table; a link's secret is kept only as a keyed hash.

| method | path | permission |
|---|---|---|
| GET | /setup | public |

Neighbours: organizations, whose first admin a link is for.
"""
