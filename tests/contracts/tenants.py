"""Two organisations and their things, made by the services that make them on a server."""

from dataclasses import dataclass

from antechamber.base.chance import SystemChance
from antechamber.base.clock import ManualClock
from antechamber.base.ids import OrganizationId, mint_organization
from antechamber.base.secret import Secret
from antechamber.database.engine import Database
from antechamber.features.accounts.service import Accounts
from antechamber.features.accounts.sql import SqlSetupLinks
from antechamber.features.apikeys.service import Keys
from antechamber.features.apikeys.sql import SqlKeys
from antechamber.features.oauth.service import Tokens
from antechamber.features.oauth.sql import SqlTokens
from antechamber.features.organizations.service import Organizations
from antechamber.features.organizations.sql import SqlOrganizations
from antechamber.features.workspaces.service import Workspaces
from antechamber.features.workspaces.sql import SqlWorkspaces

NOON = 1_795_262_400_000_000
PEPPER = Secret("pepper")
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
        self.workspaces = Workspaces(SqlWorkspaces(), self.clock, chance)
        self.accounts = Accounts(SqlSetupLinks(), self.database, self.clock, chance, PEPPER)
        self.keys = Keys(SqlKeys(), self.database, self.clock, chance, PEPPER)
        self.tokens = Tokens(SqlTokens(), self.database, self.clock, chance, PEPPER)


def services(database: Database) -> Services:
    return Services(database, ManualClock(NOON))
