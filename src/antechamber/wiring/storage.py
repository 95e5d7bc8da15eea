"""The services that need only the database: what commands use beside a server, and what a server is built on."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from antechamber.adapters.seals import MasterKeySeals
from antechamber.base.chance import Chance, SystemChance
from antechamber.base.clock import Clock, SystemClock
from antechamber.base.errors import InvalidRequest, WireError
from antechamber.base.ids import OrganizationId
from antechamber.base.secret import Secret
from antechamber.database.engine import Database, database_url
from antechamber.database.schema import current, require_current
from antechamber.features.accounts.service import Accounts, Ground, Logins, Passkeys, Passwords, Sessions
from antechamber.features.apikeys.service import AdminKeys, ApiKeys, Mint, Rooms
from antechamber.features.apikeys.sql import SqlAdminKeys, SqlApiKeys, SqlPrincipals
from antechamber.features.audit.service import Activities, Audit
from antechamber.features.audit.sql import SqlActivities
from antechamber.features.externalkeys.service import ExternalKeys
from antechamber.features.oauth.service import Means, Places, TokenPrincipals, Tokens
from antechamber.features.oauth.sql import SqlGrants, SqlTokens
from antechamber.features.organizations.service import Invites, Members, Organizations, People
from antechamber.features.organizations.sql import SqlInvites, SqlMembers, SqlOrganizations
from antechamber.features.rbac.service import Groups
from antechamber.features.rbac.sql import SqlGroups
from antechamber.features.workspaces.service import Stores, WorkspaceMembers, Workspaces
from antechamber.features.workspaces.sql import SqlWorkspaceMembers, SqlWorkspaces
from antechamber.settings import Settings
from antechamber.wiring.auditing import AuditPeople
from antechamber.wiring.credentials import KeySource
from antechamber.wiring.data_folder import DataFolder
from antechamber.wiring.effects import MembershipEffects, WorkspaceEffects
from antechamber.wiring.environments import EnvironmentServices, build_environments
from antechamber.wiring.exchange import Foundations as ExchangeFoundations
from antechamber.wiring.exchange import exchange_rules
from antechamber.wiring.external_keys import build_external_keys
from antechamber.wiring.federation import Federation, build_federation
from antechamber.wiring.first_run import Founder
from antechamber.wiring.log_in import FailureCounting, Foundations, build_log_in, log_in_rules
from antechamber.wiring.oauth import OAuth, build_oauth, lifetimes_of
from antechamber.wiring.rules import invite_rules, key_quota
from antechamber.wiring.sessions import SessionServices, build_sessions


@dataclass(frozen=True, slots=True)
class Storage:
    """A database and the services over it."""

    settings: Settings
    folder: DataFolder
    database: Database
    clock: Clock
    chance: Chance
    pepper: Secret
    seals: MasterKeySeals
    audit: Audit
    activities: Activities
    organizations: Organizations
    members: Members
    invites: Invites
    groups: Groups
    workspaces: Workspaces
    workspace_members: WorkspaceMembers
    external_keys: ExternalKeys
    people: People
    accounts: Accounts
    sessions: Sessions
    logins: Logins
    passwords: Passwords
    passkeys: Passkeys
    failed_logins: FailureCounting
    api_keys: ApiKeys
    admin_keys: AdminKeys
    tokens: Tokens
    oauth: OAuth
    federation: Federation
    environments: EnvironmentServices
    agents: SessionServices
    founder: Founder
    sources: tuple[Any, ...]

    async def prepare(self) -> None:
        """Make the schema of an empty database; refuse one that this version doesn't know."""
        if await current(self.database) is None:
            # Only a first start pays for loading the migrations' tool.
            from antechamber.database.migrate import migrate  # noqa: PLC0415

            await migrate(self.database)
        await require_current(self.database)

    async def probe(self) -> str | None:
        """Return what is wrong with the database, or None."""
        try:
            async with self.database.read() as unit:
                del unit
        except (WireError, SQLAlchemyError) as error:
            return f"database: {getattr(error, 'note', '') or error}"
        return None

    async def sole_organization(self, organization_id: str | None) -> OrganizationId:
        """Return the organisation that is meant: the one named, or the only one there is; InvalidRequest."""
        organizations = await self.organizations.everyone()
        ids = [organization.id for organization in organizations]
        if organization_id is not None:
            if organization_id not in ids:
                message = f"organization: {organization_id} is not on this server"
                raise InvalidRequest(message)
            return OrganizationId(organization_id)
        if len(ids) != 1:
            message = f"organization: name one with --organization-id; there are {len(ids)}: {', '.join(ids)}"
            raise InvalidRequest(message)
        return ids[0]


def open_storage(settings: Settings, clock: Clock | None = None, chance: Chance | None = None) -> Storage:
    """Open the data folder and the database; nothing is asked of either yet."""
    clock, chance = clock or SystemClock(), chance or SystemChance()
    folder = DataFolder(settings.data)
    folder.prepare()
    pepper = settings.pepper or folder.pepper(chance)
    address = settings.database_url.reveal() if settings.database_url else None
    database = Database(database_url(address, settings.data))
    audit = Audit(SqlActivities(), database, clock, chance, pepper)
    organizations = Organizations(SqlOrganizations(), database, clock, chance)
    membership_effects, workspace_effects = MembershipEffects(), WorkspaceEffects()
    members = Members(SqlMembers(), database, clock, chance, audit, membership_effects)
    invites = Invites(SqlInvites(), members, database, clock, chance, audit, pepper, invite_rules(settings))
    groups = Groups(SqlGroups(), members, database, clock, chance, audit)
    invites.bind_groups(groups)
    membership_effects.bind_groups(groups)
    tokens = Tokens(SqlTokens(), SqlGrants(), clock, chance, pepper, audit, members)
    stores = Stores(SqlWorkspaces(), SqlWorkspaceMembers())
    workspaces = Workspaces(stores, members, database, clock, chance, audit, workspace_effects)
    workspace_members = WorkspaceMembers(workspaces, stores, members, database, clock, audit)
    external_keys = build_external_keys(settings, workspaces, database, clock, chance, audit)
    membership_effects.bind(workspace_members)
    membership_effects.bind_tokens(tokens)
    foundations = Foundations(Ground(database, clock, chance, pepper), audit, organizations, members, invites)
    log_in = build_log_in(foundations, log_in_rules(settings), at_once=settings.password_hashings)
    membership_effects.bind_sessions(log_in.sessions)
    mint, rooms = Mint(clock, chance, pepper), Rooms(workspaces, workspace_members)
    api_keys = ApiKeys(SqlApiKeys(), database, mint, audit, rooms, key_quota(settings))
    admin_keys = AdminKeys(SqlAdminKeys(), database, mint, audit)
    workspace_effects.on_archived(api_keys.archive_workspace)
    membership_effects.bind_keys(api_keys)
    workspace_effects.on_archived(tokens.end_workspace)
    token_principals = TokenPrincipals(SqlTokens(), members, workspaces, workspace_members, clock)
    places = Places(members, log_in.people, workspaces, workspace_members, database, clock)
    means = Means(database, clock, chance, pepper, audit, lifetimes_of(settings))
    key_source = KeySource(SqlPrincipals(), members, workspaces, workspace_members, clock)
    oauth = build_oauth(settings, means, places, tokens, token_principals)
    under = ExchangeFoundations(database, clock, chance, audit, tokens, workspaces)
    federation = build_federation(under, exchange_rules(settings))
    token_principals.bind(federation.account_roles)
    oauth.endpoint.bind(federation.exchange.exchanges)
    workspace_effects.on_archived(federation.rule_workspaces.drop_workspace)
    environments = build_environments(database, clock, chance, audit)
    agents = build_sessions(environments, database, clock, chance, pepper, audit, settings.node)
    workspace_effects.on_archived(agents.sessions.end_workspace)
    workspace_effects.on_archived(agents.keys.end_workspace)
    return Storage(
        settings=settings,
        folder=folder,
        database=database,
        clock=clock,
        chance=chance,
        pepper=pepper,
        seals=MasterKeySeals(lambda: settings.master_keys() or folder.master_keys(chance), chance),
        audit=audit,
        activities=Activities(SqlActivities(), database, AuditPeople(members), pepper),
        organizations=organizations,
        members=members,
        invites=invites,
        groups=groups,
        workspaces=workspaces,
        workspace_members=workspace_members,
        external_keys=external_keys,
        people=log_in.people,
        accounts=log_in.accounts,
        sessions=log_in.sessions,
        logins=log_in.logins,
        passwords=log_in.passwords,
        passkeys=log_in.passkeys,
        failed_logins=log_in.failures,
        api_keys=api_keys,
        admin_keys=admin_keys,
        tokens=tokens,
        oauth=oauth,
        federation=federation,
        environments=environments,
        agents=agents,
        founder=Founder(organizations, workspaces, log_in.accounts, api_keys, admin_keys, audit, database),
        sources=(key_source, token_principals, agents.source),
    )
