"""Telemetry: destinations that an organisation has its requests' traces sent to, as OpenTelemetry spans.

Owns the `telemetry_destinations`, `telemetry_destination_workspaces` and `telemetry_queue` tables. A request that the
ledger takes in is queued for each destination that covers its workspace, in the transaction that takes it in, and
leaves the queue when the destination has answered.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/telemetry_destinations | telemetry:read |
| POST | /v1/organizations/telemetry_destinations | telemetry:write |
| DELETE | /v1/organizations/telemetry_destinations/{destination_id} | telemetry:write |
| GET | /v1/organizations/telemetry_destinations/{destination_id} | telemetry:read |
| POST | /v1/organizations/telemetry_destinations/{destination_id} | telemetry:write |
| POST | /v1/organizations/telemetry_destinations/{destination_id}/test | telemetry:write |
| GET | /v1/organizations/telemetry_destinations/{destination_id}/workspaces | telemetry:read |
| DELETE | /v1/organizations/telemetry_destinations/{destination_id}/workspaces/{workspace_id} | telemetry:write |
| POST | /v1/organizations/telemetry_destinations/{destination_id}/workspaces/{workspace_id} | telemetry:write |

Neighbours: usage tells of what is settled, and lends its rows; workspaces say which of them there are; what encodes
and sends spans is an adapter.
"""
