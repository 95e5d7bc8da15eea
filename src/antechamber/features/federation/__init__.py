"""Workload identity federation: programs show who they are by what another issuer says of them.

Owns the tables of service accounts, of what they are in workspaces, of issuers and of rules. A rule says which
assertions of an issuer stand for which service account; what an exchange of one gives is an access token of oauth.

| method | path | permission |
|---|---|---|

Neighbours: workspaces are what rules are enabled for and accounts are members of; oauth issues the tokens, and asks
what their service account is now.
"""
