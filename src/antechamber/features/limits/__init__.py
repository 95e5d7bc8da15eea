"""Limits: how fast and how dearly an organisation, a workspace, a key and a person may ask, and how it is held.

Owns the `rate_limit_rules`, `spend_limits`, `quotas` and `spend_limit_increase_requests` tables, the groups of models
that rate limits count by, and the admission of model requests against all of them.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/api_keys/{api_key_id}/rate_limits | rate_limits:read |
| POST | /v1/organizations/api_keys/{api_key_id}/rate_limits/{rate_limit_id} | rate_limits:write |
| GET | /v1/organizations/quotas | rate_limits:read |
| POST | /v1/organizations/quotas | rate_limits:write |
| DELETE | /v1/organizations/quotas/{user_id} | rate_limits:write |
| GET | /v1/organizations/rate_limits | rate_limits:read |
| POST | /v1/organizations/rate_limits/{rate_limit_id} | rate_limits:write |
| GET | /v1/organizations/spend_limit_increase_requests | spend_limits:read |
| GET | /v1/organizations/spend_limit_increase_requests/{increase_request_id} | spend_limits:read |
| POST | /v1/organizations/spend_limit_increase_requests/{increase_request_id}/approve | spend_limits:write |
| POST | /v1/organizations/spend_limit_increase_requests/{increase_request_id}/deny | spend_limits:write |
| GET | /v1/organizations/spend_limits | spend_limits:read |
| POST | /v1/organizations/spend_limits | spend_limits:write |
| GET | /v1/organizations/spend_limits/effective | spend_limits:read |
| GET | /v1/organizations/spend_limits/{spend_limit_id} | spend_limits:read |
| DELETE | /v1/organizations/spend_limits/{spend_limit_id} | spend_limits:write |
| GET | /v1/organizations/users/{user_id}/rate_limits | rate_limits:read |
| POST | /v1/organizations/users/{user_id}/rate_limits/{rate_limit_id} | rate_limits:write |
| GET | /v1/organizations/workspaces/{workspace_id}/rate_limits | rate_limits:read |
| POST | /v1/organizations/workspaces/{workspace_id}/rate_limits/{rate_limit_id} | rate_limits:write |
| GET | /v1/usage/me | self:read |
| GET | /v1/usage/me/spend_limit_increase_requests | spend_limits:ask |
| POST | /v1/usage/me/spend_limit_increase_requests | spend_limits:ask |

Neighbours: organizations, workspaces and apikeys say whom a limit is for; gateway asks for admission.
"""
