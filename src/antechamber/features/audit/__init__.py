"""Audit: who did what, append-only, in one hash chain per organisation; and what was refused, counted beside it.

Owns the `activities` and `audit_heads` tables, whose rows nothing changes or removes, the `refusals` table, and the
`compliance_settings`, which say whether the feed is open. Every feature after this one records its acts here, in the
transaction of the act.

| method | path | permission |
|---|---|---|
| GET | /v1/compliance/activities | audit:read |
| GET | /v1/compliance/activities/verify | audit:read |
| GET | /v1/compliance/refusals | audit:read |
| GET | /v1/organizations/compliance_settings | audit:read |
| POST | /v1/organizations/compliance_settings | compliance_settings:write |

Neighbours: every feature that changes something on somebody's behalf calls `Audit.record`; http tells of refusals;
wiring lends the names of people and says which organisations there are.
"""
