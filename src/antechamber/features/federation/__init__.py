"""Workload identity federation: programs show who they are by what another issuer says of them.

Owns the tables of service accounts, of what they are in workspaces, of issuers with their fetched keys, of rules, of
the assertions that were taken, and the authentication history. A rule says which assertions of an issuer stand for
which service account; what an exchange of one gives is an access token of oauth.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/federation_history | federation:read |
| GET | /v1/organizations/federation_issuers | federation:read |
| POST | /v1/organizations/federation_issuers | federation:write |
| GET | /v1/organizations/federation_issuers/{federation_issuer_id} | federation:read |
| POST | /v1/organizations/federation_issuers/{federation_issuer_id} | federation:write |
| POST | /v1/organizations/federation_issuers/{federation_issuer_id}/archive | federation:write |
| GET | /v1/organizations/federation_rules | federation:read |
| POST | /v1/organizations/federation_rules | federation:write |
| GET | /v1/organizations/federation_rules/{federation_rule_id} | federation:read |
| POST | /v1/organizations/federation_rules/{federation_rule_id} | federation:write |
| POST | /v1/organizations/federation_rules/{federation_rule_id}/archive | federation:write |
| GET | /v1/organizations/federation_rules/{federation_rule_id}/workspaces | federation:read |
| POST | /v1/organizations/federation_rules/{federation_rule_id}/workspaces | federation:write |
| DELETE | /v1/organizations/federation_rules/{federation_rule_id}/workspaces/{workspace_id} | federation:write |
| GET | /v1/organizations/service_accounts | service_accounts:read |
| POST | /v1/organizations/service_accounts | service_accounts:write |
| GET | /v1/organizations/service_accounts/{service_account_id} | service_accounts:read |
| POST | /v1/organizations/service_accounts/{service_account_id} | service_accounts:write |
| POST | /v1/organizations/service_accounts/{service_account_id}/archive | service_accounts:write |
| GET | /v1/organizations/service_accounts/{service_account_id}/workspaces | service_accounts:read |
| POST | /v1/organizations/service_accounts/{service_account_id}/workspaces | service_accounts:write |
| DELETE | /v1/organizations/service_accounts/{service_account_id}/workspaces/{workspace_id} | service_accounts:write |
| GET | /v1/organizations/workspaces/{workspace_id}/service_accounts | service_accounts:read |
| POST | /v1/organizations/workspaces/{workspace_id}/service_accounts | service_accounts:write |
| GET | /v1/organizations/workspaces/{workspace_id}/service_accounts/{service_account_id} | service_accounts:read |
| POST | /v1/organizations/workspaces/{workspace_id}/service_accounts/{service_account_id} | service_accounts:write |
| DELETE | /v1/organizations/workspaces/{workspace_id}/service_accounts/{service_account_id} | service_accounts:write |

Neighbours: workspaces are what rules are enabled for and accounts are members of; oauth issues the tokens, and asks
what their service account is now.
"""
