"""Limits: how fast and how dearly an organisation, a workspace, a key and a person may ask, and how it is held.

Owns the `rate_limit_rules`, `spend_limits` and `quotas` tables, the groups of models that rate limits count by, and
the admission of model requests against all of them.

| method | path | permission |
|---|---|---|

Neighbours: organizations, workspaces and apikeys say whom a limit is for; gateway asks for admission.
"""
