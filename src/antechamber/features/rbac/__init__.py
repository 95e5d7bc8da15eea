"""Groups of an organisation's people, and its roles with what each permits, as data.

Owns the `rbac_groups` and `rbac_group_members` tables. Roles are those of `base/permissions.py`: they are read here,
and given in organizations and workspaces.

| method | path | permission |
|---|---|---|
| GET | /v1/organizations/rbac_groups | rbac_groups:read |
| POST | /v1/organizations/rbac_groups | rbac_groups:write |
| DELETE | /v1/organizations/rbac_groups/{rbac_group_id} | rbac_groups:write |
| GET | /v1/organizations/rbac_groups/{rbac_group_id} | rbac_groups:read |
| POST | /v1/organizations/rbac_groups/{rbac_group_id} | rbac_groups:write |
| GET | /v1/organizations/rbac_groups/{rbac_group_id}/members | rbac_groups:read |
| POST | /v1/organizations/rbac_groups/{rbac_group_id}/members | rbac_groups:write |
| DELETE | /v1/organizations/rbac_groups/{rbac_group_id}/members/{user_id} | rbac_groups:write |
| GET | /v1/organizations/rbac_roles | rbac_groups:read |
| GET | /v1/organizations/rbac_roles/{rbac_role_id} | rbac_groups:read |
| GET | /v1/organizations/rbac_roles/{rbac_role_id}/permissions | rbac_groups:read |

Neighbours: organizations says who is a member, asks for the groups that an invite names, and tells who left.
"""
