"""Audit: who did what, append-only, in one hash chain per organisation.

Owns the `activities` table. Every feature after this one records its acts here, in the transaction of the act.

| method | path | permission |
|---|---|---|

Neighbours: every feature that changes something on somebody's behalf calls `Audit.record`.
"""
