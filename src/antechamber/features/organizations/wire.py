"""Organisations on the wire (SDK type `organization.Organization`)."""

from typing import Literal

from pydantic import BaseModel

from antechamber.features.organizations.model import Organization


class OrganizationBody(BaseModel):
    """`{id: uuid, type: "organization", name}`."""

    id: str
    type: Literal["organization"] = "organization"
    name: str


def show(organization: Organization) -> OrganizationBody:
    """Return the wire's shape of an organisation."""
    return OrganizationBody(id=organization.id, name=organization.name)
