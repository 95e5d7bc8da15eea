"""Two organisations and their things, made by the services that make them on a server."""

from dataclasses import dataclass

from antechamber.adapters.identity.passwords import Argon2Passwords, Cost
from antechamber.base.chance import SystemChance
from antechamber.base.clock import ManualClock
from antechamber.base.ids import OrganizationId, mint_organization
from antechamber.base.secret import Secret
from antechamber.database.engine import Database
from antechamber.features.accounts.service import Ground
from antechamber.features.apikeys.service import AdminKeys, ApiKeys, Mint, Rooms
from antechamber.features.apikeys.sql import SqlAdminKeys, SqlApiKeys, SqlPrincipals
from antechamber.features.audit.service import Audit
from antechamber.features.audit.sql import SqlActivities
from antechamber.features.oauth.service import TokenPrincipals, Tokens
from antechamber.features.oauth.sql import SqlGrants, SqlTokens
from antechamber.features.organizations.model import InviteRules
from antechamber.features.organizations.service import Invites, Members, Organizations
from antechamber.features.organizations.sql import SqlInvites, SqlMembers, SqlOrganizations
from antechamber.features.rbac.service import Groups
from antechamber.features.rbac.sql import SqlGroups
from antechamber.features.workspaces.service import Stores, WorkspaceMembers, Workspaces
from antechamber.features.workspaces.sql import SqlWorkspaceMembers, SqlWorkspaces
from antechamber.wiring.credentials import KeySource
from antechamber.wiring.effects import MembershipEffects, WorkspaceEffects
from antechamber.wiring.log_in import Foundations, LogInRules, build_log_in

NOON = 1_795_262_400_000_000
PEPPER = Secret("pepper")
# what the hash costs is tested elsewhere
CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
MINE = mint_organization(SystemChance())
THEIRS = mint_organization(SystemChance())
NOBODYS = OrganizationId("00000000-0000-4000-8000-000000000000")


@dataclass
class Services:
    """Every tenant feature over one database, on a clock that stands at noon."""

    database: Database
    clock: ManualClock

    def __post_init__(self) -> None:
        chance = SystemChance()
        self.organizations = Organizations(SqlOrganizations(), self.database, self.clock, chance)
        self.audit = Audit(SqlActivities(), self.database, self.clock, chance, PEPPER)
        self.membership_effects, self.workspace_effects = MembershipEffects(), WorkspaceEffects()
        self.members = Members(SqlMembers(), self.database, self.clock, chance, self.audit, self.membership_effects)
        self.invites = Invites(
            SqlInvites(), self.members, self.database, self.clock, chance, self.audit, PEPPER, InviteRules()
        )
        self.groups = Groups(SqlGroups(), self.members, self.database, self.clock, chance, self.audit)
        self.invites.bind_groups(self.groups)
        self.membership_effects.bind_groups(self.groups)
        ground = Ground(self.database, self.clock, chance, PEPPER)
        foundations = Foundations(ground, self.audit, self.organizations, self.members, self.invites)
        self.hasher = Argon2Passwords(PEPPER, chance, cost=CHEAP)
        self.log_in = build_log_in(foundations, LogInRules(), self.hasher)
        self.accounts = self.log_in.accounts
        self.membership_effects.bind_sessions(self.log_in.sessions)
        self.tokens = Tokens(SqlTokens(), SqlGrants(), self.clock, chance, PEPPER, self.audit, self.members)
        stores = Stores(SqlWorkspaces(), SqlWorkspaceMembers())
        self.workspaces = Workspaces(
            stores, self.members, self.database, self.clock, chance, self.audit, self.workspace_effects
        )
        self.workspace_members = WorkspaceMembers(
            self.workspaces, stores, self.members, self.database, self.clock, self.audit
        )
        self.membership_effects.bind(self.workspace_members)
        self.membership_effects.bind_tokens(self.tokens)
        self.mint, self.rooms = Mint(self.clock, chance, PEPPER), Rooms(self.workspaces, self.workspace_members)
        self.api_keys = ApiKeys(SqlApiKeys(), self.database, self.mint, self.audit, self.rooms)
        self.admin_keys = AdminKeys(SqlAdminKeys(), self.database, self.mint, self.audit)
        self.workspace_effects.on_archived(self.api_keys.archive_workspace)
        self.membership_effects.bind_keys(self.api_keys)
        self.workspace_effects.on_archived(self.tokens.end_workspace)
        self.token_principals = TokenPrincipals(
            SqlTokens(), self.members, self.workspaces, self.workspace_members, self.clock
        )
        self.key_source = KeySource(SqlPrincipals(), self.members, self.workspaces, self.workspace_members, self.clock)


def services(database: Database) -> Services:
    return Services(database, ManualClock(NOON))


async def settle(database: Database) -> Services:
    """Return the services over two organisations that have their Default workspaces."""
    made = services(database)
    async with database.begin() as unit:
        await made.workspaces.create_default(unit, MINE)
        await made.workspaces.create_default(unit, THEIRS)
    return made
