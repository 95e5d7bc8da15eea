"""Usage: the ledger of every dispatched request, and the reports that answer from it.

Owns the `usage_rows`, `usage_rollups`, `usage_sessions` and `usage_tagged` tables and the promise that each intent
becomes exactly one row.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/analytics/cost | cost:read |
| GET | /v1/organizations/analytics/cost_report | cost:read |
| GET | /v1/organizations/analytics/usage | usage:read |
| GET | /v1/organizations/analytics/usage_report | usage:read |
| GET | /v1/organizations/analytics/user_cost_report | cost:read |
| GET | /v1/organizations/analytics/user_usage_report | usage:read |
| GET | /v1/organizations/cost_report | cost:read |
| GET | /v1/organizations/usage_report/claude_code | usage:read |
| GET | /v1/organizations/usage_report/messages | usage:read |
| POST | /v1/logs | metrics:write |
| POST | /v1/metrics | metrics:write |
| POST | /v1/traces | metrics:write |

Neighbours: gateway opens an entry before each dispatch and settles it at the end; adapters/spool keeps what
the database has not got yet.
"""
