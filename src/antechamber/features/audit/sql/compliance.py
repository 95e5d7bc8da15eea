"""The compliance settings in the database; an organisation without a row has never changed them."""

from typing import Final

from sqlalchemy import Column, Table, select

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.audit.model import ComplianceState

compliance_settings: Final = Table(
    "compliance_settings",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
)


class SqlCompliance:
    """The store of the compliance settings."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def state(self, unit: Unit, organization_id: OrganizationId) -> ComplianceState:
        """Return the state; enabled where nobody has set any."""
        columns = compliance_settings.c
        query = select(columns.state).where(columns.organization_id == organization_id)
        found = (await connection(unit).execute(query)).scalar_one_or_none()
        return ComplianceState.ENABLED if found is None else ComplianceState(found)

    async def save(self, unit: Unit, organization_id: OrganizationId, state: ComplianceState) -> None:
        """Keep the state."""
        link = connection(unit)
        row = insert_into(compliance_settings, link).values(organization_id=organization_id, state=state.value)
        await link.execute(
            row.on_conflict_do_update(index_elements=["organization_id"], set_={"state": row.excluded.state})
        )
