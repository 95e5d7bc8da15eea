"""Webhooks: endpoints of the organisation's own to which events are sent, signed, until they are taken.

Owns the `webhook_endpoints` table and the outbox `webhook_deliveries`, into which an event goes in the transaction of
what happened, once for each endpoint that asked for it. What became of it stays there for a while, to be read.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/webhooks | webhooks:read |
| POST | /v1/organizations/webhooks | webhooks:write |
| GET | /v1/organizations/webhooks/{webhook_endpoint_id} | webhooks:read |
| POST | /v1/organizations/webhooks/{webhook_endpoint_id} | webhooks:write |
| DELETE | /v1/organizations/webhooks/{webhook_endpoint_id} | webhooks:write |
| GET | /v1/organizations/webhooks/{webhook_endpoint_id}/deliveries | webhooks:read |
| POST | /v1/organizations/webhooks/{webhook_endpoint_id}/regenerate_signing_secret | webhooks:write |

Neighbours: limits tells of thresholds that budgets cross, through wiring; a feature with events of its own offers a
protocol in its `ports.py`, which wiring joins to `service/outbox.py`.
"""
