"""Issuers in the database."""

import dataclasses
import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update

from antechamber.base.ids import IssuerId, OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.changes import FEDERATION, announce
from antechamber.database.engine import connection
from antechamber.features.federation.model.issuers import Discovery, ExplicitUrl, Inline, Issuer, Jwks
from antechamber.features.federation.ports import Asked
from antechamber.features.federation.sql.tables import ask, federation_issuers, here, live_named, read_stamps, stamps


class SqlIssuers:
    """The store of issuers."""

    async def add(self, unit: Unit, organization_id: OrganizationId, issuer: Issuer) -> None:
        """Keep a new one."""
        values = {"id": issuer.id, "organization_id": organization_id, **_changeable(issuer)}
        await connection(unit).execute(insert(federation_issuers).values(**values))
        announce(unit, FEDERATION)

    async def save(self, unit: Unit, organization_id: OrganizationId, issuer: Issuer) -> None:
        """Keep what has changed of one."""
        place = here(federation_issuers, organization_id, issuer.id)
        await connection(unit).execute(update(federation_issuers).where(*place).values(**_changeable(issuer)))
        announce(unit, FEDERATION)

    async def find(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> Issuer | None:
        """Return one, archived or not."""
        query = select(federation_issuers).where(*here(federation_issuers, organization_id, issuer_id))
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def named(self, unit: Unit, organization_id: OrganizationId, name: str) -> Issuer | None:
        """Return the live one with this name."""
        query = select(federation_issuers).where(*live_named(federation_issuers, organization_id, name))
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def listing(self, unit: Unit, organization_id: OrganizationId, asked: Asked) -> Sequence[Issuer]:
        """Return what was asked for."""
        query = ask(select(federation_issuers), federation_issuers, organization_id, asked)
        return [_read(row) for row in await connection(unit).execute(query)]

    async def several(self, unit: Unit, organization_id: OrganizationId, ids: Collection[IssuerId]) -> Sequence[Issuer]:
        """Return those of these that there are, archived or not."""
        columns = federation_issuers.c
        query = select(federation_issuers).where(columns.organization_id == organization_id, columns.id.in_(ids))
        return [_read(row) for row in await connection(unit).execute(query)]

    async def sweep_fetched(self, unit: Unit) -> Sequence[Issuer]:
        """Return every live issuer of this server whose keys are fetched, of any organisation."""
        columns = federation_issuers.c
        query = select(federation_issuers).where(columns.archived_at.is_(None), columns.jwks_type != "inline")
        return [_read(row) for row in await connection(unit).execute(query.order_by(columns.id))]


def _changeable(issuer: Issuer) -> dict[str, Any]:
    kind, kept = _write_jwks(issuer.jwks)
    return {
        "name": issuer.name,
        "url": issuer.url,
        "jwks_type": kind,
        "jwks": kept,
        "check_jti": issuer.check_jti,
        "max_jwt_lifetime_seconds": issuer.max_jwt_lifetime_seconds,
        **stamps(issuer.created, issuer.updated, issuer.archived),
    }


def _write_jwks(jwks: Jwks) -> tuple[str, str]:
    if isinstance(jwks, Inline):
        return "inline", json.dumps(list(jwks.keys), separators=(",", ":"))
    kind = "discovery" if isinstance(jwks, Discovery) else "explicit_url"
    return kind, json.dumps(dataclasses.asdict(jwks), separators=(",", ":"))


def _read_jwks(kind: str, kept: str) -> Jwks:
    fields = json.loads(kept)
    if kind == "inline":
        return Inline(tuple(fields))
    return Discovery(**fields) if kind == "discovery" else ExplicitUrl(**fields)


def _read(row: Row[Any]) -> Issuer:
    jwks = _read_jwks(row.jwks_type, row.jwks)
    created, updated, archived = read_stamps(row)
    return Issuer(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        url=row.url,
        jwks=jwks,
        check_jti=row.check_jti,
        max_jwt_lifetime_seconds=row.max_jwt_lifetime_seconds,
        created=created,
        updated=updated,
        archived=archived,
    )
