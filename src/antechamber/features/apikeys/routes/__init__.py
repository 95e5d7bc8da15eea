"""The endpoints of keys: the wire's own, those beyond it, and admin keys."""

from fastapi import APIRouter

from antechamber.features.apikeys.routes.admin_keys import admin_key_router
from antechamber.features.apikeys.routes.api_keys import api_key_router
from antechamber.features.apikeys.routes.beyond import beyond_router
from antechamber.features.apikeys.service import AdminKeys, ApiKeys


def key_routers(keys: ApiKeys, admin_keys: AdminKeys) -> list[APIRouter]:
    """Return every route; those with a word where the wire has an id come first."""
    return [beyond_router(keys), api_key_router(keys), admin_key_router(admin_keys)]
